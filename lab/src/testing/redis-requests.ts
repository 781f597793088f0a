import { scripts } from '@tandem/shared/adapters/redis/scripts';

/** What the speed layer writes to Redis. `stage` and `exchange` are the two halves of a compaction. */
export type WriteKind = 'claim' | 'begin' | 'apply' | 'stage' | 'exchange' | 'drop' | 'cold';

export type RedisRequest = { readonly bytes: Buffer; readonly words: readonly string[] };

/** Cuts what a client of Redis sends into its requests. */
export class RequestReader {
  #rest: Buffer = Buffer.alloc(0);

  /** The requests that are whole now. */
  *read(chunk: Buffer): Generator<RedisRequest> {
    this.#rest = Buffer.concat([this.#rest, chunk]);
    for (let request = firstOf(this.#rest); request; request = firstOf(this.#rest)) {
      this.#rest = this.#rest.subarray(request.bytes.length);
      yield request;
    }
  }
}

/** Undefined for what is no write, and for one that only asks whether the claim holds. */
export function kindOf([command, script, ...words]: readonly string[]): WriteKind | undefined {
  if (command !== 'EVALSHA' && command !== 'EVAL') return undefined;
  const isOf = ({ SCRIPT, SHA1 }: { SCRIPT: string; SHA1: string }) => script === (command === 'EVAL' ? SCRIPT : SHA1);
  if (isOf(scripts.claimPartition)) return 'claim';
  if (isOf(scripts.stageState)) return 'stage';
  return isOf(scripts.writePartition) ? WRITES.find(([word]) => words.includes(word))?.[1] : undefined;
}

/** A word that each of them has and none of those below it. */
const WRITES: readonly (readonly [word: string, kind: WriteKind])[] = [
  ['definitions', 'begin'],
  ['RENAME', 'exchange'],
  ['HDEL', 'drop'],
  ['RPUSH', 'apply'],
  ['cold', 'cold'],
];

/** An array of texts: `*2\r\n$3\r\nGET\r\n$1\r\nx\r\n`. Undefined while it is not whole. */
function firstOf(buffer: Buffer): RedisRequest | undefined {
  let at = 0;
  const number = () => {
    const end = buffer.indexOf('\r\n', at);
    const value = end === -1 ? undefined : Number(buffer.toString('latin1', at + 1, end));
    at = end + 2;
    return value;
  };
  const count = number();
  const words: string[] = [];
  while (count !== undefined && words.length < count) {
    const length = number();
    if (length === undefined || buffer.length < at + length + 2) return undefined;
    words.push(buffer.toString('utf8', at, at + length));
    at += length + 2;
  }
  return count === undefined ? undefined : { bytes: buffer.subarray(0, at), words };
}
