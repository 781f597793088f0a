import type { Checkpoint } from '@tandem/batch-layer/checkpoint';
import type { HeldStatement, PostgresProxy, Statement } from './postgres-proxy.js';
import type { Settings } from './processes-scene.js';
import type { RunBody, TandemClient } from './tandem-client.js';
import type { RunningProgram } from './tandem-process.js';

/** Runs that do not come to their end: stopped at a statement, or killed with their process at a checkpoint. */

export type HeldRun<Name> = { readonly run: number; readonly holder: Name; readonly held: HeldStatement };

/** Asks for a run and stops whichever process executes it at a statement; the processes by name, each with its proxy. */
export async function runUntil<Name extends string>(
  client: TandemClient,
  proxies: Readonly<Record<Name, PostgresProxy>>,
  isMeant: (statement: Statement) => boolean,
): Promise<HeldRun<Name>> {
  const entries = Object.entries(proxies) as [Name, PostgresProxy][];
  const holding = entries.map(async ([holder, proxy]) => ({ holder, held: await proxy.hold(isMeant) }));
  const run = await requestRun(client);
  const held = await Promise.race(holding);
  for (const [, proxy] of entries) proxy.holdNone();
  return { run, ...held };
}

/** Whether a statement is one of those that publish a run, from the one after BEGIN to COMMIT. */
export function isOfPublication({ text, before }: Statement): boolean {
  return [...before, text][1]?.startsWith('SET LOCAL TimeZone') ?? false;
}

/** Starts the batch layer so that a run kills it at the checkpoint, asks for that run, starts the next and sees what became of the run. */
export async function runCrashedAt(
  client: TandemClient,
  startBatch: (settings: Settings) => Promise<RunningProgram>,
  checkpoint: Checkpoint,
): Promise<RunBody> {
  const dying = await startBatch({ TANDEM_CRASH_AT: checkpoint });
  const run = await requestRun(client);
  const { signal } = await dying.ended;
  if (signal !== 'SIGKILL') throw new Error(`the batch layer ended with ${signal} at ${checkpoint}:\n${dying.output}`);
  await startBatch({});
  return client.runOver(run);
}

async function requestRun(client: TandemClient): Promise<number> {
  const { status, body, text } = await client.post('/batch/runs');
  if (status !== 202) throw new Error(`found HTTP ${status} instead of a new run: ${text}`);
  return (body as { id: number }).id;
}
