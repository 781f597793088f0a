import { randomBytes } from 'node:crypto';
import { TandemError } from '../../errors.js';
import type { PartitionKeys } from './partition-keys.js';
import type { RedisConnection } from './redis-connection.js';
import { ID_LENGTH } from './scripts.js';
import type { Command } from './stretch-commands.js';

/** One change in Redis, which may be sent again until its outcome is known. */
export type Write = {
  readonly commands: readonly Command[];
  /** Keys without which the view is not whole. */
  readonly needed: readonly string[];
  /** Names this change; see newId. */
  readonly id: string;
};

/** Random, so that what happened after a restart from an older copy is never taken for what happened before. */
export function newId(): string {
  return randomBytes(ID_LENGTH / 2).toString('hex');
}

/** A claim on a partition: its writes are done one after the other, each once, and none after another claim. */
export class PartitionClaim {
  readonly owner: number;
  readonly keys: PartitionKeys;
  readonly #connection: RedisConnection;
  readonly #token: string;
  /** The last write that was done. */
  #change = '';
  /** Sent, with an unknown outcome. */
  #pending: Write | null = null;
  #lostBecause: string | null = null;

  /** Throws `unavailable`. */
  static async take(connection: RedisConnection, keys: PartitionKeys): Promise<PartitionClaim> {
    const token = newId();
    const owner = await connection.run((client) => client.claimPartition([keys.meta], [token]));
    const claim = new PartitionClaim(connection, keys, Number(owner), token);
    claim.#change = (await connection.run((client) => client.hGet(keys.meta, 'change'))) ?? '';
    return claim;
  }

  private constructor(connection: RedisConnection, keys: PartitionKeys, owner: number, token: string) {
    this.#connection = connection;
    this.keys = keys;
    this.owner = owner;
    this.#token = token;
  }

  /** Fields of the meta hash that keep the claim. */
  get fields(): Readonly<Record<string, string>> {
    return { owner: String(this.owner), token: this.#token };
  }

  get isLost(): boolean {
    return this.#lostBecause !== null;
  }

  /** Throws `fenced`, and `unavailable`: then it is unknown whether it is done, and `settle` comes before the next one. */
  async write(write: Write): Promise<void> {
    this.#pending = write;
    await this.#send(write.id, write.needed, write.commands);
    this.#pending = null;
    this.#change = write.id;
  }

  /** Learns what became of the last write by sending it again: Redis does it once. Throws as `write` does. */
  async settle(): Promise<void> {
    if (this.#lostBecause !== null) throw this.#fenced(this.#lostBecause);
    if (this.#pending !== null) await this.write(this.#pending);
  }

  /** Throws `fenced` when the claim does not hold any more or a key is lost, and `unavailable`. */
  async check(needed: readonly string[]): Promise<void> {
    await this.#send(this.#change, needed, []);
  }

  /** Adds a piece, numbered from 0, to a list that nobody reads yet. False when that list is not whole. */
  async stage(key: string, number: number, piece: string): Promise<boolean> {
    const args = [this.#token, String(number), piece];
    const answer = await this.#connection.run((client) => client.stageState([this.keys.meta, key], args));
    if (answer === 'fenced') throw this.#fenced('another worker has claimed it since, or Redis has lost it');
    return answer === 'done';
  }

  async #send(id: string, needed: readonly string[], commands: readonly Command[]): Promise<void> {
    const parts = commands.flatMap((command) => [String(command.length), ...command]);
    const args = [this.#token, this.#change, id, ...parts];
    const answer = await this.#connection.run((client) => client.writePartition([this.keys.meta, ...needed], args));
    if (answer !== 'done') throw this.#fenced(answer);
  }

  #fenced(reason: string): TandemError {
    this.#lostBecause = reason;
    return new TandemError(
      'fenced',
      `found claim ${this.owner} of partition ${this.keys.partition}, which does not hold any more: ${reason}; claim it again to go on`,
    );
  }
}
