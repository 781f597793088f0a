import { type DeadLetter, type DeadLetters, type ListedLetter, MAX_LISTED_BYTES } from '../../ports/dead-letters.js';

/** Dead letters in process memory, for tests and simulations. */
export class MemoryDeadLetters implements DeadLetters {
  readonly #byPosition = new Map<string, DeadLetter>();

  async put(letters: readonly DeadLetter[]): Promise<void> {
    for (const letter of letters) {
      const position = `${letter.partition}:${letter.offset}`;
      if (!this.#byPosition.has(position)) this.#byPosition.set(position, letter);
    }
  }

  async list(limit: number): Promise<{ readonly total: number; readonly letters: readonly ListedLetter[] }> {
    const latest = [...this.#byPosition.values()].reverse().slice(0, limit);
    return { total: this.#byPosition.size, letters: latest.map(listed) };
  }

  async close(): Promise<void> {}
}

function listed(letter: DeadLetter): ListedLetter {
  const { value } = letter;
  return { ...letter, value: value?.subarray(0, MAX_LISTED_BYTES) ?? null, size: value?.length ?? 0 };
}
