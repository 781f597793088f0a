import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { ServerUser } from './server-user.js';

const LONGEST_RUN_MS = 60_000;

/** What the programs see of the environment: nothing of ours, so that no PG… variable or language can steer them. */
export const PROGRAM_ENVIRONMENT = { LC_ALL: 'C', TZ: 'UTC', PATH: '/usr/bin:/bin' };

/** Runs a program as the server's account to its end. Throws an error with what it wrote to standard error. */
export async function runProgram(
  program: string,
  parameters: readonly string[],
  user: ServerUser | undefined,
): Promise<void> {
  await promisify(execFile)(program, parameters, {
    ...user,
    cwd: '/',
    env: PROGRAM_ENVIRONMENT,
    timeout: LONGEST_RUN_MS,
  });
}
