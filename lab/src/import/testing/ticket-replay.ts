import { type EventInput, MS_PER_HOUR } from '@tandem/shared';

export type TicketEvent = Extract<EventInput, { ticket_id: string }>;
type Counts = Readonly<Record<string, number>>;
export type Difference = { readonly at: string; readonly counted: Counts; readonly replayed: Counts };

/** Compares, just before each full hour, the open tickets by priority that the events give with those of a replay. */
export function compareHourly(events: readonly TicketEvent[], tickets: ReadonlyMap<string, Ticket>) {
  const times = events.map(({ occurred_at }) => Date.parse(occurred_at));
  const firstMs = Math.floor(times.reduce((a, b) => Math.min(a, b)) / MS_PER_HOUR) * MS_PER_HOUR;
  const lastMs = times.reduce((a, b) => Math.max(a, b)) + MS_PER_HOUR;
  const countedAt = openCounter(events);
  const differences: Difference[] = [];
  let hours = 0;
  for (let ms = firstMs; ms <= lastMs; ms += MS_PER_HOUR) {
    hours++;
    const [counted, replayed] = [countedAt(ms), openByReplay(tickets, ms)];
    if (JSON.stringify(counted) === JSON.stringify(replayed)) continue;
    differences.push({ at: new Date(ms).toISOString(), counted, replayed });
  }
  return { hours, differences };
}

/** Open tickets by priority just before a time, from the events: opened and moved in, less closed and moved out. */
function openCounter(events: readonly TicketEvent[]): (ms: number) => Counts {
  const byTime = events.toSorted((a, b) => Date.parse(a.occurred_at) - Date.parse(b.occurred_at));
  const counts: Record<string, number> = {};
  const add = (priority: string, change: number) => {
    counts[priority] = (counts[priority] ?? 0) + change;
  };
  let next = 0;
  return (ms) => {
    for (; next < byTime.length; next++) {
      const event = byTime[next];
      if (event === undefined || Date.parse(event.occurred_at) >= ms) break;
      add(event.priority, event.type === 'ticket_closed' ? -1 : 1);
      if (event.type === 'ticket_priority_changed') add(event.previous_priority, -1);
    }
    return sorted(counts);
  };
}

export type Ticket = { openedMs: number; closedMs: number; updates: { ms: number; priority: string }[] };

/**
 * The replay, straight from the file and apart from the importer: a ticket is open from opened_at to closed_at, and
 * its priority is that of its latest row by sys_updated_at; before its first row, that of its first row.
 */
export function openByReplay(tickets: ReadonlyMap<string, Ticket>, ms: number): Counts {
  const counts: Record<string, number> = {};
  for (const { openedMs, closedMs, updates } of tickets.values()) {
    if (openedMs >= ms || closedMs < ms) continue;
    let priority = updates[0]?.priority ?? '';
    for (const update of updates) {
      if (update.ms >= ms) break;
      priority = update.priority;
    }
    counts[priority] = (counts[priority] ?? 0) + 1;
  }
  return sorted(counts);
}

/** The tickets of a log without quotes in it, as is the published one. */
export function ticketsOf(csv: string, leave: readonly string[]): ReadonlyMap<string, Ticket> {
  const [header = [], ...rows] = csv
    .trim()
    .split(/\r?\n/)
    .map((line) => line.split(','));
  const cell = (row: readonly string[], name: string) => row[header.indexOf(name)] ?? '';
  const tickets = new Map<string, Ticket>();
  for (const row of rows) {
    const number = cell(row, 'number');
    if (leave.includes(number)) continue;
    const ticket = tickets.get(number) ?? { openedMs: 0, closedMs: 0, updates: [] };
    ticket.openedMs = minuteMs(cell(row, 'opened_at'));
    ticket.closedMs = minuteMs(cell(row, 'closed_at'));
    ticket.updates.push({ ms: minuteMs(cell(row, 'sys_updated_at')), priority: cell(row, 'priority').slice(0, 1) });
    tickets.set(number, ticket);
  }
  for (const { updates } of tickets.values()) updates.sort((a, b) => a.ms - b.ms);
  return tickets;
}

/** "29/2/2016 01:16", day first; never for what is not known. */
function minuteMs(date: string): number {
  if (date === '?') return Number.POSITIVE_INFINITY;
  const [day = 0, month = 0, year = 0, hour = 0, minute = 0] = date.split(/[/ :]/).map(Number);
  return Date.UTC(year, month - 1, day, hour, minute);
}

function sorted(counts: Counts): Counts {
  return Object.fromEntries(
    Object.entries(counts)
      .filter(([, count]) => count !== 0)
      .sort(),
  );
}
