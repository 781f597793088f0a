import { createReadStream, createWriteStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import type { Transaction } from '@tandem/shared/adapters/postgres/database';
import { from, to } from 'pg-copy-streams';

/** Streams a file into a COPY … FROM STDIN. */
export async function copyIn(transaction: Transaction, statement: string, file: string): Promise<void> {
  await pipeline(createReadStream(file), transaction.query(from(statement)));
}

/** Streams a COPY … TO STDOUT into a file. */
export async function copyOut(transaction: Transaction, statement: string, file: string): Promise<void> {
  await pipeline(transaction.query(to(statement)), createWriteStream(file));
}
