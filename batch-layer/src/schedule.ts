import type { Logger, RunStore } from '@tandem/shared';
import { messageOf, TandemError } from '@tandem/shared';
import cron, { type TaskContext } from 'node-cron';
import { readSlots } from './slots.js';

export type Schedule = { stop(): Promise<void> };

/**
 * Asks for a run at each slot of a cron expression, in UTC; `off` asks for none.
 * A slot that finds a run active is skipped: that run, or the next slot's, covers everything.
 * Throws `configuration-invalid` for an expression that readSlots refuses.
 */
export function startSchedule(expression: string, runs: RunStore, logger: Logger): Schedule {
  if (isOff(expression)) return { stop: async () => {} };
  const slots = readSlots(expression);
  if (typeof slots === 'string') throw new TandemError('configuration-invalid', `schedule: ${slots}`);
  const atTick = async ({ date }: TaskContext) => {
    if (slots.isDue(date)) await requestRun(runs, logger);
  };
  const task = cron.schedule(slots.ticks, atTick, {
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

/** Why a text cannot be a schedule; undefined when it can. */
export function faultOfSchedule(expression: string): string | undefined {
  const slots = isOff(expression) ? undefined : readSlots(expression);
  return typeof slots === 'string' ? slots : undefined;
}

function isOff(expression: string): boolean {
  return expression.trim().toLowerCase() === 'off';
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
