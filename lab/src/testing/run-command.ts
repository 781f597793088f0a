import { fileURLToPath } from 'node:url';
import { RunningProgram } from './tandem-process.js';

const COMMANDS = fileURLToPath(new URL('../../bin/tandem.mjs', import.meta.url));

/** Runs what `npm run <command> -- <parameters>` runs, and resolves with its output. Throws when it does not end with 0. */
export async function runCommand(command: string, parameters: readonly string[]): Promise<string> {
  const program = new RunningProgram(COMMANDS, [command, ...parameters], {});
  const ending = await program.ended;
  if (ending.code === 0) return program.output;
  throw new Error(`${command} ended with ${JSON.stringify(ending)}:\n${program.output}`);
}
