import { getPriority, setPriority } from 'node:os';

const NICE = 10;

/**
 * Lets queries go first where both want the processor: a run takes what they leave. On Linux this is the priority of the
 * calling thread and of the threads that it makes from then on, DuckDB's among them; elsewhere nothing is changed, as it
 * would be that of the whole process. Who was started with less keeps it: only an administrator may ask for more.
 */
export function giveWay(): void {
  if (process.platform === 'linux' && getPriority() < NICE) setPriority(NICE);
}
