import { type Logger, messageOf, TandemError } from '@tandem/shared';
import { keepDropping } from './drop-segments.js';
import { SpeedMember } from './member.js';
import { backoffMs, sleep } from './patience.js';
import type { SpeedOptions } from './session.js';

/** Up to where (exclusive) a partition is applied, and why its next records cannot be read, where they cannot. */
export type PartitionStanding = { readonly partition: number; readonly applied: number; readonly blocked?: string };

export type SpeedLayer = {
  /** The partitions that this worker reads now. */
  standing(): readonly PartitionStanding[];
  /** Ends reading promptly; the view keeps what was applied. */
  stop(): Promise<void>;
};

/** Workers of this name share the partitions of the log. */
const GROUP = 'speed-layer';

/**
 * Starts the speed layer: log → segments of the realtime view. Resolves before the view is warm, and never throws:
 * after a fault the view is cold with the reason, and goes on after a wait of at most 5 seconds.
 */
export async function startSpeedLayer(options: SpeedOptions): Promise<SpeedLayer> {
  const stopping = new AbortController();
  const member = new SpeedMember(options, stopping.signal);
  const ended = keepReading(options, member, stopping.signal);
  return {
    standing: () =>
      member
        .owned()
        .map(({ partition, applied, blocked }) => ({ partition, applied, ...(blocked !== null && { blocked }) })),
    stop: async () => {
      stopping.abort();
      await ended;
    },
  };
}

async function keepReading(options: SpeedOptions, member: SpeedMember, signal: AbortSignal): Promise<void> {
  for (let failures = 0; !signal.aborted; ) {
    const startedAt = performance.now();
    try {
      await readAndDrop(options, member, signal);
      if (!signal.aborted) throw new TandemError('unavailable', 'the log was closed');
    } catch (error) {
      if (performance.now() - startedAt > LONG_ENOUGH_MS) failures = 0;
      failures++;
      await reportFault(options.logger, member, error, failures);
      await sleep(backoffMs(failures), signal);
    }
  }
}

/**
 * One membership of the group. It ends when the store says, while segments are dropped, that a partition is not ours or
 * is lost: joining again claims anew what still is, also where the log has nothing more to say.
 */
async function readAndDrop(options: SpeedOptions, member: SpeedMember, signal: AbortSignal): Promise<void> {
  const ending = new AbortController();
  const either = AbortSignal.any([signal, ending.signal]);
  const dropping = keepDropping(options, () => member.owned(), either);
  const fenced = dropping.catch((error) => {
    ending.abort();
    throw error;
  });
  fenced.catch(() => {});
  try {
    await options.log.join(member, { group: GROUP, signal: either });
  } finally {
    ending.abort();
    await fenced;
  }
}

/** After reading went well for so long, a fault counts as the first one again. */
const LONG_ENOUGH_MS = 10_000;

/** What is away comes back, and the view stays a true prefix meanwhile. Anything else casts doubt on the view itself. */
async function reportFault(logger: Logger, member: SpeedMember, error: unknown, failures: number): Promise<void> {
  const reason = messageOf(error);
  if (error instanceof TandemError && (error.retriable || error.code === 'fenced')) {
    logger.warn({ failures, reason }, 'the speed layer cannot go on now; trying again');
    return;
  }
  logger.error({ failures, error }, `the speed layer failed: ${reason}`);
  await member.makeCold(`the speed layer failed and starts again: ${reason}`).catch(() => {});
}
