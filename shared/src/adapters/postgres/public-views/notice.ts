import { messageOf } from '../../../errors.js';
import type { Logger } from '../../../logger.js';
import { isBusy } from './attempt.js';
import type { KeptColumns } from './swap-view.js';

/** Something about the public views that whoever runs Tandem should know; said once the transaction is committed. */
export type Notice = {
  readonly level: 'warn' | 'error';
  readonly facts: Readonly<Record<string, unknown>>;
  readonly message: string;
};

export function logNotices(logger: Logger, notices: readonly Notice[]): void {
  for (const { level, facts, message } of notices) logger[level](facts, message);
}

export function columnsKept({ view, columns, dependents }: KeptColumns): Notice {
  const message = 'a view keeps columns that its definition no longer has, as nulls: other objects depend on it';
  return { level: 'warn', facts: { view: `batch_view.${view}`, columns, dependents }, message };
}

export function nameTaken(view: string): Notice {
  const message =
    'found something that is not ours where a view of ours would be, and left it alone; rename it, and the next start makes the view';
  return { level: 'warn', facts: { view: `batch_view.${view}` }, message };
}

export function unknownDefinition(metric: string, hash: string): Notice {
  const message = 'the views of a metric stay as they are: how the run’s definition of it is shown was never stored';
  return { level: 'warn', facts: { metric, hash }, message };
}

export function notChanged(metric: string, error: Error): Notice {
  if (isBusy(error)) {
    const message =
      'a reader holds the views of a metric, which are to get another definition: they show the rows that they showed until it lets go';
    return { level: 'warn', facts: { metric }, message };
  }
  const message = 'the views of a metric could not be changed: they show the rows that they showed';
  return { level: 'error', facts: { metric, error: messageOf(error) }, message };
}

/** A table of a definition that no run needs any more could not be dropped. */
export function tableKept(table: string, error: Error, dependents: readonly string[] | undefined): Notice {
  if (dependents === undefined) {
    const message = 'an old table of a batch view could not be dropped; the next run tries again';
    return { level: 'warn', facts: { table: `tandem.${table}`, error: messageOf(error) }, message };
  }
  const message = 'an old table of a batch view stays as it is: other objects depend on it';
  return { level: 'warn', facts: { table: `tandem.${table}`, dependents }, message };
}
