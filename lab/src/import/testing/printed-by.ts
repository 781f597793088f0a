import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const MAX_PRINTED_BYTES = 64 * 1024 * 1024;

/**
 * Runs a program of this folder in a process of its own and reads the JSON that it prints. Large sets go through the
 * importer this way: inside Jest's sandbox the same code is several times slower.
 */
export async function printedBy(program: string, args: readonly string[]): Promise<unknown> {
  const path = fileURLToPath(new URL(program, import.meta.url));
  const { stdout } = await promisify(execFile)(process.execPath, [path, ...args], { maxBuffer: MAX_PRINTED_BYTES });
  return JSON.parse(stdout);
}
