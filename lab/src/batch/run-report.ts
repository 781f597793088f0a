/** A batch run as `GET /batch/runs/:id` tells it. */
export type RunReport = {
  readonly id: number;
  readonly mode: string;
  readonly state: string;
  readonly rows_read: number;
  readonly duplicates: number;
  readonly conflicts: number;
  readonly days_recomputed: number;
  readonly durations_ms: Readonly<Record<string, number>>;
  /** Null while it goes on by itself. */
  readonly waiting: { readonly for: string; readonly since: string } | null;
  readonly error: { readonly code: string; readonly message: string } | null;
};

export function isOver({ state }: RunReport): boolean {
  return state === 'published' || state === 'failed';
}

/** How far a run is, in words. */
export function progressOf({ state, waiting }: RunReport): string {
  return waiting ? `${state}, waiting since ${waiting.since}: ${waiting.for}` : state;
}

/** What a finished run did, in a line or two. */
export function summary(run: RunReport): string {
  if (run.state === 'failed') return `Run ${run.id} failed: ${run.error?.message ?? 'no reason was kept'}`;
  if (run.state !== 'published') return `Run ${run.id} is ${run.state}; no longer followed.`;
  const steps = Object.entries(run.durations_ms).filter(([state]) => state !== 'requested');
  const totalMs = steps.reduce((sum, [, ms]) => sum + ms, 0);
  const days = run.days_recomputed === 1 ? '1 day' : `${run.days_recomputed} days`;
  return [
    `Run ${run.id} (${run.mode}) is published: ${run.rows_read} rows of ${days} read again, ${run.duplicates} duplicates dropped, ${run.conflicts} of them conflicting.`,
    `${Math.round(totalMs)} ms: ${steps.map(([state, ms]) => `${state} ${Math.round(ms)} ms`).join(', ')}.`,
  ].join('\n');
}
