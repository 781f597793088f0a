import { messageOf, TandemError } from '@tandem/shared';

/** What a disk says when it is full, over quota, broken or read-only. */
const STORAGE_FAULTS = ['ENOSPC', 'EDQUOT', 'EIO', 'EROFS'];

/** Runs `work`; a fault of the disk becomes `unavailable`, other errors pass. Nothing is tried again here. */
export async function onDisk<Result>(work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    if (!STORAGE_FAULTS.includes(String((error as { code?: unknown }).code))) throw error;
    throw new TandemError(
      'unavailable',
      `master dataset: ${messageOf(error)}; make room or mend the disk, the next run goes on where this one stopped`,
      { cause: error },
    );
  }
}
