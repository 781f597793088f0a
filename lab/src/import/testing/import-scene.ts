import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { captureOutput } from '../../producer/testing/captured-output.js';
import { RunningProgram } from '../../testing/tandem-process.js';
import { main } from '../main.js';

/** A data folder that cannot be: nothing is remembered there. */
export const NO_DATA_FOLDER = '/dev/null/none';

/** What npm runs. */
export const COMMANDS = fileURLToPath(new URL('../../../bin/tandem.mjs', import.meta.url));

export type ImportResult = { readonly code: number; readonly output: string };

/** A user's folder with files in it, and the commands as that user gives them there. */
export class ImportScene {
  readonly folder: string;

  private constructor(folder: string) {
    this.folder = folder;
  }

  static async open(): Promise<ImportScene> {
    return new ImportScene(await mkdtemp(join(tmpdir(), 'tandem-user-')));
  }

  at(name: string): string {
    return join(this.folder, name);
  }

  async write(name: string, content: string | Uint8Array | object): Promise<void> {
    const isContent = typeof content === 'string' || content instanceof Uint8Array;
    await writeFile(this.at(name), isContent ? content : JSON.stringify(content));
  }

  /** What `npm run import` prints on both streams and ends with, given in any folder. Nothing is remembered. */
  async run(words: readonly string[]): Promise<ImportResult> {
    const captured = captureOutput();
    const code = await main(words, captured.output, NO_DATA_FOLDER);
    return { code, output: captured.stdout() + captured.stderr() };
  }

  /** The same as a process of its own, with the words given in the user's folder: paths may be relative to it. */
  start(words: readonly string[], settings: Readonly<Record<string, string>> = {}): RunningProgram {
    const environment = { DATA_DIR: NO_DATA_FOLDER, INIT_CWD: this.folder, ...settings };
    return new RunningProgram(COMMANDS, ['import', ...words], environment);
  }

  async close(): Promise<void> {
    await rm(this.folder, { recursive: true, force: true });
  }
}
