import { join } from 'node:path';
import {
  type DeadLetters,
  type EventLog,
  isAtOrBelow,
  type Logger,
  type Offsets,
  type RunWait,
  TandemError,
} from '@tandem/shared';
import { ArchiveChunk } from './archive-chunk.js';
import type { OnCheckpoint } from './checkpoint.js';
import type { BatchEngine } from './ports/batch-engine.js';
import type { Catalog, CatalogFile } from './ports/catalog.js';
import type { DatasetFiles, RowsWriter } from './ports/dataset-files.js';
import type { RunLedger } from './ports/run-ledger.js';
import { type LogReading, readLog } from './read-log.js';

/** What archiving works with, for one run. */
export type Archiving = {
  readonly runId: number;
  readonly token: number;
  /** Aborted, with the reason as error, when this run must not go on. */
  readonly cut: AbortSignal;
  readonly log: EventLog;
  readonly catalog: Catalog;
  readonly deadLetters: DeadLetters;
  readonly engine: BatchEngine;
  readonly files: DatasetFiles;
  readonly workFolder: string;
  readonly ledger: Pick<RunLedger, 'wait'>;
  readonly logger: Logger;
  readonly limits: ChunkLimits & {
    /** How long to wait for an open transaction of another program, in milliseconds. */
    readonly maxLogWaitMs: number;
  };
  readonly onCheckpoint: OnCheckpoint;
};

/** A chunk is closed when it has reached either. */
export type ChunkLimits = { readonly maxChunkRecords: number; readonly maxChunkBytes: number };

/**
 * Moves the log from the archive position up to the boundary (exclusive) into the master dataset, chunk by chunk.
 * Each chunk is all or nothing, so after a failure the next run goes on where this one stopped.
 */
export async function archive(archiving: Archiving, boundary: Offsets): Promise<void> {
  const { catalog, limits } = archiving;
  const position = await catalog.position();
  if (!isAtOrBelow(position, boundary)) {
    throw new TandemError(
      'corrupt',
      `archive position: found ${position.join(', ')}; allowed is at most the boundary ${boundary.join(', ')}`,
    );
  }
  let open = await openChunk(archiving, 0);
  try {
    for await (const batch of readLog(readingOf(archiving), position, boundary)) {
      await open.chunk.add(batch);
      if (open.chunk.records < limits.maxChunkRecords && open.chunk.bytes < limits.maxChunkBytes) continue;
      await commitChunk(archiving, open);
      open = await openChunk(archiving, open.number + 1);
    }
    archiving.cut.throwIfAborted();
    await commitChunk(archiving, open);
  } finally {
    await open.writer.close();
  }
  await checkReached(catalog, boundary);
}

function readingOf({ log, cut, limits, ledger, token, runId, logger }: Archiving): LogReading {
  const onWaiting = (waiting: RunWait | null) => ledger.wait(token, runId, waiting);
  return { log, cut, waitMs: limits.maxLogWaitMs, onWaiting, logger };
}

type NumberedChunk = { number: number; rowsFile: string; writer: RowsWriter; chunk: ArchiveChunk };

async function openChunk({ workFolder, log, files }: Archiving, number: number): Promise<NumberedChunk> {
  const rowsFile = join(workFolder, `rows-${number}.jsonl`);
  const writer = await files.openRows(rowsFile);
  return { number, rowsFile, writer, chunk: new ArchiveChunk(log.partitions, writer) };
}

async function commitChunk(archiving: Archiving, { number, rowsFile, writer, chunk }: NumberedChunk): Promise<void> {
  const { catalog, deadLetters, runId, token, onCheckpoint } = archiving;
  await writer.close();
  await onCheckpoint('rows-written');
  if (chunk.records === 0) return;
  const files = await writeFiles(archiving, chunk, rowsFile, `run-${runId}-${number}`);
  // Known by position, so putting them before the chunk counts, or twice, changes nothing.
  await deadLetters.put(chunk.deadLetters);
  archiving.cut.throwIfAborted();
  await onCheckpoint('chunk-before-commit');
  await catalog.addChunk(token, files, chunk.stretches());
  await onCheckpoint('chunk-committed');
}

/** Turns a chunk's rows into one file per day, each safe on disk and not yet in the catalog. */
export async function writeFiles(
  { engine, files, workFolder, onCheckpoint }: Archiving,
  chunk: ArchiveChunk,
  rowsFile: string,
  name: string,
): Promise<readonly CatalogFile[]> {
  const days = chunk.days();
  await engine.writeDayFiles(rowsFile, [...days.keys()], workFolder);
  await onCheckpoint('day-files-written');
  await files.remove(rowsFile);
  const admitted: CatalogFile[] = [];
  for (const [day, range] of days) {
    const facts = await files.admit(join(workFolder, `${day}.parquet`), day, name);
    admitted.push({ ...facts, day, ...range });
  }
  return admitted;
}

async function checkReached(catalog: Catalog, boundary: Offsets): Promise<void> {
  const position = await catalog.position();
  if (String(position) === String(boundary)) return;
  throw new TandemError(
    'corrupt',
    `archive position: found ${position.join(', ')} after archiving; allowed is the boundary ${boundary.join(', ')}: the log has a gap`,
  );
}
