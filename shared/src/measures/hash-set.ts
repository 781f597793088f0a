/** Up to here a look through the list is quicker than a Set, and takes a tenth of the memory. */
const MAX_LISTED = 16;
const NONE: readonly number[] = [];

/** A set of hashes: a plain list while it is small, as nearly all are, and a Set beyond. */
export class HashSet {
  /** Null while empty: most cells of a stretch have one hash or none, and a list of one takes a tenth of a grown one. */
  #list: number[] | null = null;
  #set: Set<number> | null = null;

  get size(): number {
    return this.#set?.size ?? this.#list?.length ?? 0;
  }

  has(value: number): boolean {
    return this.#set?.has(value) ?? this.#list?.includes(value) ?? false;
  }

  /** False when it was there already. */
  add(value: number): boolean {
    if (this.#set) {
      const before = this.#set.size;
      return this.#set.add(value).size > before;
    }
    if (this.#list === null) {
      this.#list = [value];
      return true;
    }
    if (this.#list.includes(value)) return false;
    this.#list.push(value);
    if (this.#list.length > MAX_LISTED) this.replaceBy(this.#list);
    return true;
  }

  /** Holds these hashes, each once, and no others. */
  replaceBy(values: readonly number[]): void {
    this.#set = new Set(values);
    this.#list = null;
  }

  /** In no particular order. */
  values(): Iterable<number> {
    return this.#set ?? this.#list ?? NONE;
  }
}
