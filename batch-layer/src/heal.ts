import { join } from 'node:path';
import { TandemError } from '@tandem/shared';
import { type Archiving, writeFiles } from './archive.js';
import { ArchiveChunk } from './archive-chunk.js';
import type { CatalogFile } from './ports/catalog.js';

/**
 * Archives every file that was found corrupt again, from the stretch of the log that it covers.
 * The run that finds a corrupt file fails, so that somebody hears of it; the next one heals it here.
 */
export async function healCorruptFiles(archiving: Archiving): Promise<readonly string[]> {
  const { catalog, files } = archiving;
  const corrupt = new Set(await catalog.corruptPaths());
  if (corrupt.size === 0) return [];
  for (const file of await catalog.files()) {
    if (!corrupt.has(file.path)) continue;
    await catalog.replaceFile(archiving.token, file.path, await archiveAgain(archiving, file));
    await files.remove(files.absolute(file.path));
  }
  return [...corrupt];
}

async function archiveAgain(archiving: Archiving, file: CatalogFile): Promise<CatalogFile> {
  const { log, cut, workFolder, runId, files } = archiving;
  const rowsFile = join(workFolder, 'healing.jsonl');
  const writer = await files.openRows(rowsFile);
  const chunk = new ArchiveChunk(log.partitions, writer, (day) => day === file.day);
  try {
    for await (const batch of log.read(file.firstOffsets, { until: file.lastOffsets, signal: cut })) {
      await chunk.add(batch);
    }
  } finally {
    await writer.close();
  }
  cut.throwIfAborted();
  const [healed] = await writeFiles(archiving, chunk, rowsFile, `run-${runId}-healed`);
  if (healed?.rowCount === file.rowCount) return healed;
  throw new TandemError(
    'corrupt',
    `${file.path}: found ${healed?.rowCount ?? 0} of its ${file.rowCount} events in the log; restore the file from a copy`,
  );
}
