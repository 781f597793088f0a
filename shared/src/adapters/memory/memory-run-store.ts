import { TandemError } from '../../errors.js';
import { type Offsets, zeroOffsets } from '../../offsets.js';
import type { BatchRun, PublishedRun, RunMode, RunRequest, RunStore, RunTrigger } from '../../ports/run-store.js';
import { refuseStaleRollback } from '../../refuse-stale-rollback.js';

const KEPT_RUNS = 3;

type HeldRun = { run: BatchRun; definitions: PublishedRun['definitions'] };

/** Runs in process memory, for tests and simulations; it publishes and fails them itself, as the batch layer would. */
export class MemoryRunStore implements RunStore {
  readonly #runs: HeldRun[];
  #currentId = 0;

  constructor(partitions: number) {
    const empty = { ...requestedRun(0, 'full', 'start'), state: 'published', kept: true } as const;
    const times = { startedAt: empty.requestedAt, finishedAt: empty.requestedAt };
    this.#runs = [{ run: { ...empty, ...times, boundary: zeroOffsets(partitions) }, definitions: null }];
  }

  async request(mode: RunMode, trigger: RunTrigger): Promise<RunRequest> {
    const active = this.#active();
    if (active) return { accepted: false, activeId: active.run.id };
    const id = this.#runs.length;
    this.#runs.push({ run: requestedRun(id, mode, trigger), definitions: null });
    return { accepted: true, id };
  }

  async list(limit: number): Promise<readonly BatchRun[]> {
    return this.#runs
      .slice(1)
      .map(({ run }) => run)
      .reverse()
      .slice(0, limit);
  }

  async get(id: number): Promise<BatchRun | undefined> {
    return this.#runs[id]?.run;
  }

  async current(): Promise<PublishedRun> {
    return published(this.#runs[this.#currentId]);
  }

  async kept(): Promise<readonly PublishedRun[]> {
    return this.#kept().map(published).reverse();
  }

  async rollback(from?: number): Promise<PublishedRun> {
    refuseStaleRollback(from, this.#currentId);
    const older = this.#kept().findLast(({ run }) => run.id < this.#currentId);
    if (this.#active() || !older)
      throw new TandemError('conflict', 'found an active run, or no older run that is kept');
    this.#currentId = older.run.id;
    return published(older);
  }

  /** Publishes the active run, makes it current and keeps the last three. */
  async publishActive(boundary: Offsets, definitions: Readonly<Record<string, string>>): Promise<void> {
    const held = this.#active();
    if (!held) throw new TandemError('conflict', 'found no active run to publish');
    held.run = {
      ...held.run,
      state: 'published',
      finishedAt: new Date(),
      boundary,
      baseRun: this.#currentId,
      kept: true,
    };
    held.definitions = definitions;
    this.#currentId = held.run.id;
    for (const dropped of this.#kept().slice(0, -KEPT_RUNS)) dropped.run = { ...dropped.run, kept: false };
  }

  async failActive(error: { readonly code: string; readonly message: string }): Promise<void> {
    const held = this.#active();
    if (held) held.run = { ...held.run, state: 'failed', finishedAt: new Date(), error };
  }

  #active(): HeldRun | undefined {
    return this.#runs.find(({ run }) => run.state !== 'published' && run.state !== 'failed');
  }

  /** Oldest first. */
  #kept(): readonly HeldRun[] {
    return this.#runs.filter(({ run }) => run.kept);
  }
}

function requestedRun(id: number, mode: RunMode, trigger: RunTrigger): BatchRun {
  return {
    id,
    mode,
    trigger,
    state: 'requested',
    requestedAt: new Date(),
    startedAt: null,
    finishedAt: null,
    boundary: null,
    baseRun: null,
    rowsRead: 0,
    duplicates: 0,
    conflicts: 0,
    daysRecomputed: 0,
    waiting: null,
    durationsMs: {},
    error: null,
    kept: false,
  };
}

function published(held: HeldRun | undefined): PublishedRun {
  const { id, boundary, finishedAt } = held?.run ?? {};
  if (id === undefined || !boundary || !finishedAt) throw new TandemError('internal', 'found a run without a boundary');
  return { id, boundary, publishedAt: finishedAt, definitions: held?.definitions ?? null };
}
