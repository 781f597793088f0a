import { incidentsImporter } from '../incidents.js';
import { eventsOf } from './events-of.js';
import { textOf } from './text-of.js';
import { compareHourly, type TicketEvent, ticketsOf } from './ticket-replay.js';

// A program: prints, as JSON, how the importer's events of a file compare with a replay of it, and what they count.
const [file = '', ...leave] = process.argv.slice(2);
const { events } = await eventsOf(incidentsImporter, file);
const tickets = ticketsOf(await textOf(file), leave);
const ticketEvents = events as readonly TicketEvent[];
const { hours, differences } = compareHourly(ticketEvents, tickets);

const idsOf = (type: TicketEvent['type']) =>
  ticketEvents.filter((event) => event.type === type).map((event) => event.ticket_id);
const closedByPriority: Record<string, number> = {};
for (const event of ticketEvents) {
  if (event.type === 'ticket_closed') closedByPriority[event.priority] = (closedByPriority[event.priority] ?? 0) + 1;
}
process.stdout.write(
  JSON.stringify({
    hours,
    differences: differences.slice(0, 5),
    tickets: tickets.size,
    opened: idsOf('ticket_opened').length,
    differentOpened: new Set(idsOf('ticket_opened')).size,
    closed: idsOf('ticket_closed').length,
    differentClosed: new Set(idsOf('ticket_closed')).size,
    events: events.length,
    differentEvents: new Set(events.map((event) => `${event.event_id} ${event.occurred_at}`)).size,
    closedByPriority,
  }),
);
