import { createReadStream, createWriteStream } from 'node:fs';
import { finished, pipeline } from 'node:stream/promises';
import { CopyOut } from '@tandem/shared/adapters/postgres/copy-out';
import type { Transaction } from '@tandem/shared/adapters/postgres/database';
import { from } from 'pg-copy-streams';

/** Streams a file into a COPY … FROM STDIN. */
export async function copyIn(transaction: Transaction, statement: string, file: string): Promise<void> {
  await pipeline(createReadStream(file), transaction.query(from(statement)));
}

/** Streams a COPY … TO STDOUT into a file. */
export async function copyOut(transaction: Transaction, statement: string, file: string): Promise<void> {
  const out = createWriteStream(file);
  const copy = new CopyOut(statement, (row) => {
    // After a fault of the disk the rest is read and dropped, so that the connection stays usable.
    if (!out.errored && !out.write(Buffer.from(row))) copy.pause();
  });
  out.on('drain', () => copy.resume());
  out.on('error', () => copy.resume());
  transaction.query(copy);
  await copy.done;
  out.end();
  await finished(out);
}
