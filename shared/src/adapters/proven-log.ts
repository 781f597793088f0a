import { type ErrorCode, messageOf, TandemError } from '../errors.js';
import type { LogMark } from '../log-mark.js';
import type { Logger } from '../logger.js';
import type { Offsets } from '../offsets.js';
import type { EventLog, GroupMember, GroupOptions, LogBatch, NewRecord, ReadOptions } from '../ports/event-log.js';

/** How often the log is compared with what it must hold: one question to a broker, or to Postgres. */
const LOOK_MS = 1_000;

/** What no waiting mends: another log, or one that may not be looked at any more. */
const LASTING: readonly ErrorCode[] = ['corrupt', 'configuration-invalid'];
const UNCOMPARED = 'the log has not yet been compared with what it must hold';

/**
 * A log that is compared again and again with the records that it must hold. When it does not hold them, it is another one,
 * whatever its length: then nothing is appended to it, no run cuts it and no member reads it, until it holds them again.
 */
export class ProvenLog implements EventLog {
  readonly partitions: number;
  readonly #log: EventLog;
  readonly #readMarks: () => Promise<readonly LogMark[]>;
  readonly #logger: Logger;
  readonly #timer: NodeJS.Timeout;
  #doubt: string | null = UNCOMPARED;
  #isCompared = false;
  #looking: Promise<void> | null = null;

  /** `readMarks`: the records that the log must hold, as of now. Resolves after the first look, whatever it finds. */
  static async open(log: EventLog, readMarks: () => Promise<readonly LogMark[]>, logger: Logger): Promise<ProvenLog> {
    const proven = new ProvenLog(log, readMarks, logger);
    await proven.#look().catch(() => {});
    return proven;
  }

  private constructor(log: EventLog, readMarks: () => Promise<readonly LogMark[]>, logger: Logger) {
    this.partitions = log.partitions;
    this.#log = log;
    this.#readMarks = readMarks;
    this.#logger = logger;
    this.#timer = setInterval(() => void this.#look().catch(() => {}), LOOK_MS);
    this.#timer.unref();
  }

  doubt(): string | null {
    return this.#doubt;
  }

  async append(records: readonly NewRecord[]): Promise<void> {
    if (this.#doubt !== null) throw new TandemError('unavailable', this.#doubt);
    await this.#log.append(records);
  }

  /** Throws also what a fresh look does: a run must not cut another log. */
  async appendBarriers(name: string): Promise<Offsets> {
    await this.#lookAnew();
    return this.#log.appendBarriers(name);
  }

  /** Looks anew at what the log must hold besides. */
  async prove(marks: readonly LogMark[]): Promise<void> {
    await this.#log.prove(marks);
    await this.#lookAnew();
  }

  endOffsets(): Promise<Offsets> {
    return this.#log.endOffsets();
  }

  writtenEnds(): Promise<Offsets> {
    return this.#log.writtenEnds();
  }

  startOffsets(): Promise<Offsets> {
    return this.#log.startOffsets();
  }

  read(from: Offsets, options?: ReadOptions): AsyncIterable<LogBatch> {
    return this.#log.read(from, options);
  }

  join(member: GroupMember, options: GroupOptions): Promise<void> {
    const guarded: GroupMember = {
      assigned: async (partition) => {
        this.#refuseDoubt();
        return member.assigned(partition);
      },
      take: async (batch) => {
        this.#refuseDoubt();
        return member.take(batch);
      },
      ready: async (partition) => member.ready?.(partition),
      revoked: (partition) => member.revoked(partition),
      blocked: (partition, error) => member.blocked(partition, error),
    };
    return this.#log.join(guarded, options);
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    await this.#log.close();
  }

  #refuseDoubt(): void {
    if (this.#doubt !== null) throw new TandemError('corrupt', this.#doubt);
  }

  /** Not one that began before this call. */
  async #lookAnew(): Promise<void> {
    await this.#looking?.catch(() => {});
    await this.#look();
  }

  #look(): Promise<void> {
    this.#looking ??= this.#compare().finally(() => {
      this.#looking = null;
    });
    return this.#looking;
  }

  async #compare(): Promise<void> {
    try {
      await this.#log.prove(await this.#readMarks());
      if (this.#doubt !== null) this.#logger.info('the log holds what it must');
      this.#doubt = null;
      this.#isCompared = true;
    } catch (error) {
      // A log that is away is no other one: what was known of it holds.
      if (error instanceof TandemError && LASTING.includes(error.code)) this.#doubtBecause(messageOf(error));
      else if (!this.#isCompared) this.#doubtBecause(`${UNCOMPARED}: ${messageOf(error)}`);
      throw error;
    }
  }

  #doubtBecause(reason: string): void {
    if (this.#doubt !== reason) this.#logger.error(reason);
    this.#doubt = reason;
  }
}
