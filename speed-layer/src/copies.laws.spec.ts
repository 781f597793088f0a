import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, it } from '@jest/globals';
import {
  addTallies,
  type Claim,
  type Event,
  type LogRecord,
  type Offsets,
  offBy,
  type RealtimeView,
  TandemError,
  ZERO_TALLY,
  zeroOffsets,
} from '@tandem/shared';
import { MemoryEventLog } from '@tandem/shared/adapters/memory/memory-event-log';
import { anEvent, toBytes } from '@tandem/shared/testing/arbitraries';
import { type PositionedValue, readByOracle } from '@tandem/shared/testing/oracle';
import fc from 'fast-check';
import { SpeedMember } from './member.js';
import { play, type Script } from './testing/logs.js';
import { rowsFrom, rowsOfEvents } from './testing/rows.js';
import { type Scene, sceneOf } from './testing/scene.js';

const PARTITIONS = 3;
const RUNS = 300;

/** Few events, each of them anywhere in the log and many times; up to four barriers. */
const aLogOfCopies: fc.Arbitrary<Script> = fc
  .tuple(
    fc.array(anEvent, { minLength: 1, maxLength: 6 }),
    fc.array(fc.record({ partition: fc.nat(PARTITIONS - 1), of: fc.nat(5) }), { maxLength: 40 }),
    fc.array(fc.nat(40), { maxLength: 4 }),
  )
  .map(([events, places, cuts]) => {
    const script: Script[number][] = places.map(({ partition, of }) => ({
      partition,
      value: toBytes(events[of % events.length] as (typeof events)[number]),
    }));
    for (const cut of cuts) script.splice(cut, 0, null);
    return script;
  });

type Step = { readonly kind: Kind; readonly partition: number; readonly count: number };
type Kind =
  | 'take'
  | 'all at once'
  | 'restart'
  | 'claimed elsewhere'
  | 'lost before'
  | 'lost after'
  | 'begun anew'
  | 'shared'
  | 'published';

function stepsOf(...kinds: readonly Kind[]): fc.Arbitrary<readonly Step[]> {
  const kind = fc.oneof(
    { weight: 4, arbitrary: fc.constantFrom<Kind>('take', 'all at once') },
    { weight: kinds.length === 0 ? 0 : 1, arbitrary: fc.constantFrom<Kind>('take', ...kinds) },
  );
  const step = fc.record({ kind, partition: fc.nat(PARTITIONS - 1), count: fc.integer({ min: 1, max: 12 }) });
  return fc.array(step, { maxLength: 80 });
}

/** A log that is delivered to speed members by hand, in whatever order, with whatever goes wrong. */
class Play {
  readonly #records: readonly (readonly (LogRecord & PositionedValue)[])[];
  readonly #scene: Scene;
  readonly #boundaries: readonly Offsets[];
  readonly #ending = new AbortController();
  readonly #positions: number[] = [];
  #members: SpeedMember[] = [];
  #readers: number[] = [];
  #fault: 'lost before' | 'lost after' | null = null;
  readonly #emptied = new Set<number>();
  #oldest = 0;
  #turns = 1;
  exact = 0;
  estimated = 0;

  static async of(script: Script): Promise<Play> {
    const log = new MemoryEventLog(PARTITIONS);
    const boundaries = [zeroOffsets(PARTITIONS), ...(await play(script, log))];
    const records: (LogRecord & PositionedValue)[][] = Array.from({ length: PARTITIONS }, () => []);
    for await (const batch of log.read(zeroOffsets(PARTITIONS), { until: await log.endOffsets() })) {
      const { partition } = batch;
      records[partition]?.push(...batch.records.map((record) => ({ ...record, partition })));
    }
    const begun = new Play(records, sceneOf(log, { SPEED_STRETCH_EVENTS: 3 }), boundaries);
    await begun.#restart();
    return begun;
  }

  private constructor(
    records: readonly (readonly (LogRecord & PositionedValue)[])[],
    scene: Scene,
    boundaries: readonly Offsets[],
  ) {
    this.#records = records;
    this.#scene = scene;
    this.#boundaries = boundaries;
    const { store } = scene;
    const [apply, claim] = [store.apply.bind(store), store.claim.bind(store)];
    store.apply = async (owner, stretch) => {
      const fault = this.#fault;
      this.#fault = null;
      await this.#slowly();
      if (fault === 'lost before') throw new TandemError('unavailable', 'the store is away');
      await apply(owner, stretch);
      if (fault === 'lost after') throw new TandemError('unavailable', 'the answer was lost');
    };
    store.claim = async (partition): Promise<Claim> => {
      await this.#slowly();
      const claimed = await claim(partition);
      return this.#emptied.delete(partition) ? { ...claimed, held: null } : claimed;
    };
  }

  async step({ kind, partition, count }: Step): Promise<void> {
    if (kind === 'restart') await this.#restart();
    else if (kind === 'claimed elsewhere') await this.#scene.store.claim(partition);
    else if (kind === 'lost before' || kind === 'lost after') this.#fault = kind;
    else if (kind === 'published') this.#publish();
    else if (kind === 'shared') await this.#share(partition);
    else if (kind === 'begun anew') {
      this.#emptied.add(partition);
      await this.#restart();
    }
    const taken = kind === 'all at once' ? [...zeroOffsets(PARTITIONS).keys()] : [partition];
    await this.#take(taken, count);
    await this.check();
  }

  /** Takes so many turns as nobody can foresee. */
  async #slowly(): Promise<void> {
    this.#turns = (this.#turns * 31 + 7) % 101;
    for (let turn = this.#turns % 4; turn > 0; turn--) await nextTurn();
  }

  /** Delivers everything that is left. */
  async finish(): Promise<void> {
    for (let round = 0; round < 200 && !this.#isOver(); round++) {
      for (let partition = 0; partition < PARTITIONS; partition++) await this.#take([partition], 7);
      await this.check();
    }
    expect(this.#isOver()).toBe(true);
    this.#ending.abort();
  }

  #isOver(): boolean {
    return this.#positions.every((position, partition) => position === this.#records[partition]?.length);
  }

  /** The oldest run is not kept any more. */
  #publish(): void {
    this.#oldest = Math.min(this.#oldest + 1, this.#boundaries.length - 1);
    this.#scene.runs.keep(...this.#boundaries.slice(this.#oldest));
  }

  /** A process of its own that reads all partitions. */
  async #restart(): Promise<void> {
    this.#members = [new SpeedMember(this.#scene, this.#ending.signal)];
    this.#readers = zeroOffsets(PARTITIONS) as number[];
    await this.#assignAll();
  }

  /** Another member reads a partition from now on. */
  async #share(partition: number): Promise<void> {
    const other = new SpeedMember(this.#scene, this.#ending.signal);
    this.#members[this.#readers[partition] ?? 0]?.revoked(partition);
    this.#readers[partition] = this.#members.push(other) - 1;
    this.#positions[partition] = await other.assigned(partition);
  }

  async #assignAll(): Promise<void> {
    for (let attempt = 0; attempt < 3; attempt++) {
      const asking = this.#readers.map((reader, partition) => this.#members[reader]?.assigned(partition) ?? 0);
      const answers = await Promise.allSettled(asking);
      answers.forEach((answer, partition) => {
        if (answer.status === 'fulfilled') this.#positions[partition] = answer.value;
      });
      if (answers.every(({ status }) => status === 'fulfilled')) return;
    }
    throw new Error('the partitions cannot be taken over');
  }

  /** Delivers the next records of some partitions at the same time, and does as a log does when that fails. */
  async #take(partitions: readonly number[], count: number): Promise<void> {
    const answers = await Promise.allSettled(partitions.map((partition) => this.#takeOne(partition, count)));
    const errors = answers.flatMap((answer) => (answer.status === 'rejected' ? [answer.reason] : []));
    for (const error of errors) if (!(error instanceof TandemError)) throw error;
    if (errors.length > 0) await this.#assignAll();
  }

  async #takeOne(partition: number, count: number): Promise<void> {
    const from = this.#positions[partition] ?? 0;
    const records = this.#records[partition]?.slice(from, from + count) ?? [];
    if (records.length === 0) return;
    const member = this.#members[this.#readers[partition] ?? 0] as SpeedMember;
    try {
      this.#positions[partition] = await member.take({ partition, records });
    } catch (error) {
      if (!(error instanceof TandemError && error.code === 'fenced')) throw error;
      this.#positions[partition] = await member.assigned(partition);
    }
  }

  /** From every boundary that a run may have published, the answer now is the oracle's, or says that it may not be. */
  async check(): Promise<void> {
    const view = await this.#scene.store.view();
    for (const boundary of this.#boundaries.slice(this.#oldest)) this.#checkFrom(boundary, view);
  }

  #checkFrom(boundary: Offsets, view: RealtimeView): void {
    const { partitions } = view;
    if (!reachesDownTo(view, boundary)) return;
    const segments = partitions.flatMap((held, partition) =>
      held.segments.filter(({ start }) => start >= (boundary[partition] ?? 0)),
    );
    const tally = segments.map((segment) => segment.tally).reduce(addTallies, ZERO_TALLY);
    expect(offBy(tally)).toBe(0);
    if (tally.unchecked > 0) {
      this.estimated++;
      return;
    }
    this.exact++;
    const to = boundary.map((offset, partition) => Math.max(offset, partitions[partition]?.applied ?? 0));
    const below = new Set(this.#eventsBelow(boundary).map(identity));
    const above = this.#eventsBelow(to).filter((event) => !below.has(identity(event)));
    for (const metric of this.#scene.metrics) {
      expect(rowsFrom(metric, { segments }, 0)).toEqual(rowsOfEvents(metric, above));
    }
  }

  #eventsBelow(ends: Offsets): readonly Event[] {
    const records = ends.flatMap((end, partition) => this.#records[partition]?.slice(0, end) ?? []);
    return readByOracle(records).events;
  }
}

/** Else there is no answer. */
function reachesDownTo({ partitions }: RealtimeView, boundary: Offsets): boolean {
  return partitions.every(
    ({ applied, segments }, partition) =>
      applied <= (boundary[partition] ?? 0) || segments.some(({ start }) => start === boundary[partition]),
  );
}

const identity = ({ event_id, occurred_at }: Event) => JSON.stringify([event_id, occurred_at]);

async function played(script: Script, steps: readonly Step[]): Promise<Play> {
  const run = await Play.of(script);
  for (const step of steps) await run.step(step);
  await run.finish();
  return run;
}

describe('copies in several partitions that one worker reads', () => {
  it.each<readonly [string, readonly Kind[]]>([
    ['whatever the order in which they are read and runs cut the log', []],
    ['also when the worker is restarted anywhere', ['restart']],
    ['also when the store fails, before or after it has applied a stretch', ['lost before', 'lost after']],
    ['also when another worker claims a partition', ['claimed elsewhere']],
    ['also when the view of a partition is lost', ['begun anew']],
    ['also when runs are published and older ones are not kept', ['published', 'restart']],
    [
      'whatever of all that happens',
      ['restart', 'published', 'lost before', 'lost after', 'claimed elsewhere', 'begun anew'],
    ],
  ])('count once at every moment and from every boundary, %s', async (_, kinds) => {
    await fc.assert(
      fc.asyncProperty(aLogOfCopies, stepsOf(...kinds), async (script, steps) => {
        expect((await played(script, steps)).estimated).toBe(0);
      }),
      { numRuns: RUNS },
    );
  });
});

describe('copies in partitions that several workers share', () => {
  it('count once, or the answer says that they may not', async () => {
    await fc.assert(
      fc.asyncProperty(aLogOfCopies, stepsOf('shared', 'restart'), async (script, steps) => {
        await played(script, steps);
      }),
      { numRuns: RUNS },
    );
  });
});
