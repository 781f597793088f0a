import type { Logger, RunStore } from '@tandem/shared';
import { messageOf } from '@tandem/shared';
import cron from 'node-cron';

export type Schedule = { stop(): Promise<void> };

/**
 * Asks for a run at each slot of a cron expression, in UTC; `off` asks for none.
 * A slot that finds a run active is skipped: that run, or the next slot's, covers everything.
 */
export function startSchedule(expression: string, runs: RunStore, logger: Logger): Schedule {
  if (expression === 'off') return { stop: async () => {} };
  const task = cron.schedule(expression, () => requestRun(runs, logger), {
    timezone: 'UTC',
    noOverlap: true,
    name: 'batch run',
    logger: routeTo(logger),
  });
  return {
    stop: async () => {
      await task.destroy();
    },
  };
}

export function isSchedule(expression: string): boolean {
  return expression === 'off' || cron.validate(expression);
}

/** Never throws: the next slot comes in any case. */
export async function requestRun(runs: RunStore, logger: Logger): Promise<void> {
  try {
    const request = await runs.request('incremental', 'schedule');
    if (request.accepted) logger.info({ run: request.id }, 'scheduled run requested');
    else logger.warn({ activeRun: request.activeId }, 'scheduled run skipped: another is active');
  } catch (error) {
    logger.error({ error: messageOf(error) }, 'scheduled run could not be requested');
  }
}

function routeTo(logger: Logger) {
  return {
    info: (message: string) => logger.info(message),
    warn: (message: string) => logger.warn(message),
    debug: (message: string | Error) => logger.debug(messageOf(message)),
    error: (message: string | Error) => logger.error(messageOf(message)),
  };
}
