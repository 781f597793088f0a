import { sleep } from './patience.js';
import type { PartitionState } from './session.js';

/** How many barriers a partition remembers to have passed. */
const REMEMBERED = 16;
/** Longer than a run waits for its barriers: one that has not come by then is of a run that has failed. */
const PATIENCE_MS = 15_000;
const LOOK_MS = 1_000;

/**
 * Keeps the partitions of one worker side by side: each passes a barrier once all have come to it, and folds nothing while
 * the window lacks what another has in the view. For the copies of an event count as one below every boundary, so it must
 * be counted between the first two barriers that hold any of them, whichever partition that is in.
 */
export class Alignment {
  readonly #signal: AbortSignal;
  readonly #patienceMs: number;
  /** Of the partitions that are assigned; null while one is being taken over. */
  readonly #states = new Map<number, PartitionState | null>();
  #wake: (() => void)[] = [];

  constructor(signal: AbortSignal, patienceMs = PATIENCE_MS) {
    this.#signal = signal;
    this.#patienceMs = patienceMs;
  }

  /** How many partitions this worker reads, or is about to. */
  get size(): number {
    return this.#states.size;
  }

  /** A partition is assigned; `state` is null while it is being taken over. */
  put(partition: number, state: PartitionState | null): void {
    this.#states.set(partition, state);
    this.tell();
  }

  delete(partition: number): void {
    this.#states.delete(partition);
    this.tell();
  }

  /** Something has changed that another partition may wait for. */
  tell(): void {
    for (const wake of this.#wake.splice(0)) wake();
  }

  /** Whether a partition may fold what comes next: the barrier that it stands at, or what follows the last one. */
  mayFold(state: PartitionState): boolean {
    const barrier = barrierOf(state);
    const isFree = barrier === undefined || barrier === state.passesAlone;
    return [...this.#states.values()].every(
      (other) => other !== null && isFilled(other) && (isFree || hasComeTo(other, barrier)),
    );
  }

  /** Resolves when the partition may fold what comes next, or has to be read for the window; or with the end. */
  async untilMayGoOn(state: PartitionState): Promise<void> {
    let moved = { to: this.#position(), at: performance.now() };
    while (!this.#signal.aborted && !isBeingFilled(state) && !this.mayFold(state)) {
      await Promise.race([new Promise<void>((resolve) => this.#wake.push(resolve)), sleep(LOOK_MS, this.#signal)]);
      if (this.#position() !== moved.to) moved = { to: this.#position(), at: performance.now() };
      if (performance.now() - moved.at > this.#patienceMs) state.passesAlone = barrierOf(state) ?? null;
    }
  }

  /** Changes whenever any partition goes on. */
  #position(): number {
    return [...this.#states.values()].reduce((sum, state) => sum + (state?.next ?? 0), 0);
  }
}

/** The partition has passed a barrier: alone, or side by side with the others. */
export function pass(state: PartitionState, barrier: string): void {
  if (barrier !== state.passesAlone) state.passesAlone = null;
  state.passed = [...state.passed, barrier].slice(-REMEMBERED);
  state.standsAt = null;
}

function isBeingFilled({ isWindowSound, next, applied }: PartitionState): boolean {
  return isWindowSound && next < applied;
}

/** Whether the window holds all that the view does. */
export function isFilled({ isWindowSound, next, applied }: PartitionState): boolean {
  return isWindowSound && next >= applied;
}

function barrierOf({ standsAt, passed }: PartitionState): string | undefined {
  return standsAt ?? passed.at(-1);
}

function hasComeTo({ standsAt, passed }: PartitionState, barrier: string): boolean {
  return standsAt === barrier || passed.includes(barrier);
}
