import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf } from '@tandem/shared';

/** One way to end a process, and how long to wait for its effect before the next, harder one. */
export type StopStep = { readonly signal: NodeJS.Signals; readonly withinMs: number };

/** Resolves with how it ended, or why it could not be started; never rejects. */
export async function endOf(child: ChildProcess): Promise<string> {
  try {
    const [code, signal] = await once(child, 'exit');
    return signal ? `signal ${signal}` : `exit code ${code}`;
  } catch (error) {
    return messageOf(error);
  }
}

/** Takes one step after the other until the process has ended. */
export async function stopInSteps(
  child: ChildProcess,
  ended: Promise<string>,
  steps: readonly StopStep[],
): Promise<void> {
  for (const { signal, withinMs } of steps) {
    child.kill(signal);
    // One that is frozen gets no other signal before this one, which Windows does not have.
    if (process.platform !== 'win32') child.kill('SIGCONT');
    if (await endedWithin(ended, withinMs)) return;
  }
}

async function endedWithin(ended: Promise<string>, withinMs: number): Promise<boolean> {
  const timer = new AbortController();
  const late = sleep(withinMs, false, { signal: timer.signal }).catch(() => false);
  const inTime = await Promise.race([ended.then(() => true), late]);
  timer.abort();
  return inTime;
}
