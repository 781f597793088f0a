import type { Offsets, RunMode, RunState, RunWait } from '@tandem/shared';

export type OpenRun = { readonly id: number; readonly mode: RunMode; readonly state: RunState };

/** The run whose unchanged days the next one takes over: the current one. */
export type BaseRun = {
  readonly id: number;
  /** Exclusive. */
  readonly boundary: Offsets;
  /** Definition hash per metric; null for run 0, which is empty. */
  readonly definitions: Readonly<Record<string, string>> | null;
};

/** Milliseconds spent in each state that is over. */
export type Durations = Readonly<Partial<Record<RunState, number>>>;

/** Where a run has cut the log, and the name of its barriers there. */
export type Cut = { readonly barrier: string; readonly boundary: Offsets };

export type RunFault = { readonly code: string; readonly message: string };

/** Where a run writes down how far it is. Writes carry the lease's token and throw `fenced` for an old one. */
export interface RunLedger {
  /** The run that is neither published nor failed, if there is one. */
  open(): Promise<OpenRun | undefined>;
  base(): Promise<BaseRun>;
  /** `requested → cutting`, on the base that the run will build on. */
  start(token: number, runId: number, baseRun: number): Promise<void>;
  /** Stores the boundary (exclusive), with the name of the barriers that lie there, and goes on to `archiving`. */
  storeBoundary(token: number, runId: number, cut: Cut, durations: Durations): Promise<void>;
  enter(token: number, runId: number, state: RunState, durations: Durations): Promise<void>;
  /** Says what a run in the state `archiving` waits for; null once it goes on. */
  wait(token: number, runId: number, waiting: RunWait | null): Promise<void>;
  fail(token: number, runId: number, fault: RunFault, durations: Durations): Promise<void>;
  /** How a run ended, waiting for a publication that may still be committing. */
  outcome(runId: number): Promise<RunState | undefined>;
}
