import { type EventInput, type Refusal, validateEvent } from '@tandem/shared';
import { eventIdOf } from './event-id.js';
import type { Mapped } from './importer.js';
import type { Row } from './row.js';

/** One row of the incident log: a ticket as it was from `updatedAt` on. Times are ISO texts in UTC, so they compare. */
export type TicketRow = {
  readonly row: Row;
  readonly number: string;
  readonly openedAt: string | undefined;
  readonly closedAt: string | undefined;
  readonly updatedAt: string;
  readonly isClosed: boolean;
  readonly priority: string | undefined;
  readonly customerId: string | null;
};

/**
 * The events of one ticket, from all of its rows.
 * - It is open from `opened_at` (inclusive) to `closed_at` (exclusive), once: a ticket that was closed and opened again
 *   before its `closed_at` has one opening and one closing, since the log gives one `closed_at` for it, the last.
 * - Its priority is that of the latest row by `sys_updated_at` (of several in one minute the last in the file);
 *   before its first row, that of its first row. Each change while it is open is an event.
 */
export function ticketEvents(rows: readonly TicketRow[]): readonly Mapped[] {
  const { distinct, copies } = withoutCopies(rows);
  // Sorting is stable: rows of one minute stay in file order.
  const byTime = distinct.toSorted((a, b) => compare(a.updatedAt, b.updatedAt));
  const [first, last] = [byTime[0], byTime.at(-1)];
  if (first === undefined || last === undefined) return copies;
  const openedAt = byTime.find((row) => row.openedAt !== undefined)?.openedAt;
  const closedAt = last.closedAt ?? (last.isClosed ? last.updatedAt : undefined);
  const initial = priorityAtOpening(byTime, openedAt ?? '');
  const reason = whyNoTicket(openedAt, closedAt, initial);
  if (reason) return [...copies, ...refuseAll(byTime, reason)];
  const life = lifeOf(byTime, first, last, { openedAt: openedAt ?? '', closedAt, initial: initial ?? '' });
  // All or nothing: a closing without its opening would make the open count wrong for good.
  const refusal = firstRefusal(life);
  return [...copies, ...(refusal ? refuseAll(byTime, refusal) : life)];
}

function firstRefusal(mapped: readonly Mapped[]): Refusal | undefined {
  for (const one of mapped) {
    const decoded = 'event' in one ? validateEvent(one.event) : undefined;
    if (decoded && 'refusal' in decoded) return decoded.refusal;
  }
  return undefined;
}

function refuseAll(rows: readonly TicketRow[], refusal: Refusal): readonly Mapped[] {
  return rows.map(({ row }) => ({ row, refusal }));
}

type Life = { readonly openedAt: string; readonly closedAt: string | undefined; readonly initial: string };

function lifeOf(byTime: readonly TicketRow[], first: TicketRow, last: TicketRow, life: Life): readonly Mapped[] {
  const opened = ticketEvent('ticket_opened', first, life.openedAt, life.initial);
  const mapped: Mapped[] = [{ row: first.row, event: opened }];
  let current = life.initial;
  for (const row of byTime) {
    const isWhileOpen =
      row.updatedAt > life.openedAt && (life.closedAt === undefined || row.updatedAt <= life.closedAt);
    if (isWhileOpen && row.priority !== undefined && row.priority !== current) {
      mapped.push({ row: row.row, event: priorityChange(row, row.priority, current, mapped) });
      current = row.priority;
    } else if (row !== first && row !== last) {
      mapped.push({ row: row.row, leftOut: 'update that neither opens, closes nor changes the priority' });
    }
  }
  if (life.closedAt === undefined) return mapped;
  return [...mapped, { row: last.row, event: ticketEvent('ticket_closed', last, life.closedAt, current) }];
}

function ticketEvent(
  type: 'ticket_opened' | 'ticket_closed',
  { number, customerId }: TicketRow,
  occurredAt: string,
  priority: string,
): EventInput {
  return {
    type,
    event_id: eventIdOf([number, type]),
    occurred_at: occurredAt,
    ticket_id: number,
    customer_id: customerId,
    priority,
  };
}

function priorityChange(
  { number, updatedAt, customerId }: TicketRow,
  to: string,
  from: string,
  before: readonly Mapped[],
): EventInput {
  // A ticket may go from one priority to another and back within the minute that the log tells apart.
  const inMinute = before.filter((one) => 'event' in one && one.event.occurred_at === updatedAt).length;
  return {
    type: 'ticket_priority_changed',
    event_id: eventIdOf([number, 'ticket_priority_changed', updatedAt, from, to, String(inMinute)]),
    occurred_at: updatedAt,
    ticket_id: number,
    customer_id: customerId,
    priority: to,
    previous_priority: from,
  };
}

/** The last priority known at the opening (inclusive), else the first one known at all. */
function priorityAtOpening(byTime: readonly TicketRow[], openedAt: string): string | undefined {
  const known = byTime.filter(({ priority }) => priority !== undefined);
  return (known.findLast(({ updatedAt }) => updatedAt <= openedAt) ?? known[0])?.priority;
}

function whyNoTicket(
  openedAt: string | undefined,
  closedAt: string | undefined,
  priority: string | undefined,
): Refusal | undefined {
  if (openedAt === undefined) return { path: 'opened_at', reason: 'found none; allowed is when the ticket was opened' };
  if (priority === undefined)
    return { path: 'priority', reason: 'found none in any row of the ticket; allowed is one' };
  if (closedAt === undefined || closedAt >= openedAt) return undefined;
  return { path: 'closed_at', reason: `found ${closedAt}; allowed is opened_at, ${openedAt}, or later` };
}

function withoutCopies(rows: readonly TicketRow[]): { distinct: readonly TicketRow[]; copies: readonly Mapped[] } {
  const byText = new Map<string, TicketRow>();
  const copies: Mapped[] = [];
  for (const row of rows) {
    const text = JSON.stringify(row.row.cells);
    if (byText.has(text)) copies.push({ row: row.row, leftOut: 'copy of another row of the ticket' });
    else byText.set(text, row);
  }
  return { distinct: [...byText.values()], copies };
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
