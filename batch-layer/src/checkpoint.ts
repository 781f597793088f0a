/**
 * The steps of a run at which a fault test may stop the process: a closed list, in the order in which a run passes them.
 * Archive steps are passed once per chunk or per file.
 */
export const CHECKPOINTS = [
  'run-started',
  'barriers-appended',
  'boundary-stored',
  'rows-written',
  'day-files-written',
  'file-synced',
  'file-renamed',
  'chunk-before-commit',
  'chunk-committed',
  'files-verified',
  'recomputed',
  'publish-rows-copied',
  'publish-pointed',
  'publish-before-commit',
  'publish-committed',
] as const;

export type Checkpoint = (typeof CHECKPOINTS)[number];

/** Called at each step; does nothing outside of fault tests. */
export type OnCheckpoint = (step: Checkpoint) => void | Promise<void>;

export const passCheckpoints: OnCheckpoint = () => {};

/** Kills this process, as a power cut would, when the run comes to `at`. For fault tests only. */
export function crashAt(at: Checkpoint | undefined): OnCheckpoint {
  return (step) => {
    if (step === at) process.kill(process.pid, 'SIGKILL');
  };
}
