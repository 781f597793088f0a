import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { finished } from 'node:stream/promises';
import { messageOf, TandemError } from '@tandem/shared';
import { EventSender, type SenderOptions } from '../producer/event-sender.js';

/** Takes lines of JSON, a chunk at a time; resolves when there is room for more. */
export interface LineSink {
  write(lines: readonly string[]): Promise<void>;
  /** Resolves when all is where it belongs, with a line that says what became of it. */
  finish(): Promise<string>;
}

/** Posts the lines. With `atOnce`, each chunk as a request of its own, so that a rate is kept. */
export function apiSink(options: SenderOptions, atOnce: boolean): LineSink {
  const refused = new Map<string, number>();
  const sender = new EventSender<undefined>(options, (_, { path, reason }) => {
    refused.set(`${path}: ${reason}`, (refused.get(`${path}: ${reason}`) ?? 0) + 1);
  });
  return {
    write: async (lines) => {
      for (const line of lines) sender.add(line, undefined);
      if (atOnce) sender.flush();
      await sender.ready();
    },
    finish: async () => {
      await sender.finish();
      const first = [...refused][0];
      if (first) throw new TandemError('request-invalid', `the server refused generated events, like: ${first[0]}`);
      return `${sender.totals.accepted} events accepted by ${options.url.href}`;
    },
  };
}

/** Writes the lines as NDJSON to a file, or to standard output for "-". */
export async function fileSink(path: string, stdout: NodeJS.WritableStream): Promise<LineSink> {
  const stream: NodeJS.WritableStream = path === '-' ? stdout : createWriteStream(path);
  let failure: unknown;
  stream.on('error', (error) => {
    failure ??= error;
  });
  const check = () => {
    if (failure !== undefined) throw new TandemError('unavailable', `--out ${path}: ${messageOf(failure)}`);
  };
  return {
    write: async (lines) => {
      const hasRoom = stream.write(`${lines.join('\n')}\n`);
      if (!hasRoom && failure === undefined) await once(stream, 'drain').catch(() => {});
      check();
    },
    finish: async () => {
      if (path !== '-') {
        stream.end();
        await finished(stream).catch(() => {});
      }
      check();
      return `written to ${path === '-' ? 'standard output' : path}`;
    },
  };
}
