import { type FileHandle, open } from 'node:fs/promises';
import type { Event } from '@tandem/shared';
import type { RowsWriter } from '../../ports/dataset-files.js';
import { onDisk } from './storage-fault.js';

/** Text is handed to the file system in pieces of this size, in characters. */
const FLUSH_CHARACTERS = 1 << 20;

export async function openJsonlRows(path: string): Promise<RowsWriter> {
  return new JsonlRowsWriter(await onDisk(() => open(path, 'w')));
}

class JsonlRowsWriter implements RowsWriter {
  readonly #file: FileHandle;
  #lines: string[] = [];
  #characters = 0;
  #isClosed = false;

  constructor(file: FileHandle) {
    this.#file = file;
  }

  add(partition: number, offset: number, event: Event): void {
    const line = `{"partition":${partition},"offset":${offset},${JSON.stringify(event).slice(1)}\n`;
    this.#lines.push(line);
    this.#characters += line.length;
  }

  async drain(): Promise<void> {
    if (this.#characters >= FLUSH_CHARACTERS) await this.#flush();
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    try {
      await this.#flush();
    } finally {
      await this.#file.close();
    }
  }

  async #flush(): Promise<void> {
    const text = this.#lines.join('');
    this.#lines = [];
    this.#characters = 0;
    await onDisk(() => this.#file.appendFile(text));
  }
}
