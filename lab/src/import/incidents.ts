import { TandemError } from '@tandem/shared';
import { findColumns } from './columns.js';
import { dateReader } from './date-format.js';
import { type Importer, type Mapped, type RowMapper, refuseCellCount } from './importer.js';
import type { Row } from './row.js';
import { type TicketRow, ticketEvents } from './ticket-events.js';

/** The columns that are read of the UCI incident log (doi:10.24432/C57S4H); some copies name the state otherwise. */
const COLUMNS = {
  number: ['number'],
  state: ['incident_state', 'ident_state'],
  caller: ['caller_id'],
  openedAt: ['opened_at'],
  updatedAt: ['sys_updated_at'],
  closedAt: ['closed_at'],
  priority: ['priority'],
} as const;

const DATE_FORM = 'D/M/YYYY H:mm';
const readDate = dateReader(DATE_FORM);
/** How the set writes that something is not known. */
const UNKNOWN = '?';
/** What some copies write after the number: "3 - Moderate". */
const PRIORITY_NAME = / - .*$/;

/** More rows than any ticket has: a file without ticket numbers would otherwise be held in memory as one ticket. */
const MAX_ROWS_OF_TICKET = 100_000;

/**
 * The incident log as ticket events. The file must be grouped by ticket, as published: rows are held until the next
 * ticket begins. Throws `request-invalid` when a ticket comes again, for then its events would be wrong.
 */
export const incidentsImporter: Importer = { tableOptions: {}, mapperFor: ticketByTicket };

function ticketByTicket(header: readonly string[]): RowMapper {
  const read = rowReader(header);
  const finished = new Set<string>();
  let held: TicketRow[] = [];
  const finish = (): readonly Mapped[] => {
    const rows = held;
    held = [];
    if (rows[0] === undefined) return [];
    finished.add(rows[0].number);
    return ticketEvents(rows);
  };
  const hold = (ticketRow: TicketRow) => {
    if (finished.has(ticketRow.number)) refuseScattered(ticketRow);
    if (held.length >= MAX_ROWS_OF_TICKET) refuseEndless(ticketRow);
    held.push(ticketRow);
  };
  return {
    map: (row) => {
      const found = read(row);
      if ('mapped' in found) return [found.mapped];
      const events = held[0] !== undefined && held[0].number !== found.ticketRow.number ? finish() : [];
      hold(found.ticketRow);
      return events;
    },
    end: finish,
  };
}

function rowReader(header: readonly string[]): (row: Row) => { ticketRow: TicketRow } | { mapped: Mapped } {
  const columns = findColumns(header, COLUMNS);
  return (row) => {
    const wrongCount = refuseCellCount(row, header);
    if (wrongCount) return { mapped: wrongCount };
    const cell = (name: keyof typeof COLUMNS) => row.cells[columns[name]] ?? '';
    const known = (name: keyof typeof COLUMNS) => (cell(name) === UNKNOWN ? undefined : cell(name));
    const date = (name: keyof typeof COLUMNS) => (cell(name) === UNKNOWN ? undefined : readDate(cell(name)));
    const unreadable = (['openedAt', 'updatedAt', 'closedAt'] as const).find(
      (name) => known(name) !== undefined && date(name) === undefined,
    );
    if (unreadable) return { mapped: refusedDate(row, COLUMNS[unreadable][0], cell(unreadable)) };
    const updatedAt = date('updatedAt');
    if (updatedAt === undefined) return { mapped: refusedDate(row, COLUMNS.updatedAt[0], UNKNOWN) };
    const ticketRow = {
      row,
      number: cell('number'),
      openedAt: date('openedAt'),
      closedAt: date('closedAt'),
      updatedAt,
      isClosed: cell('state') === 'Closed',
      priority: known('priority')?.replace(PRIORITY_NAME, ''),
      customerId: known('caller') ?? null,
    };
    return { ticketRow };
  };
}

function refusedDate(row: Row, column: string, found: string): Mapped {
  return { row, refusal: { path: column, reason: `found ${JSON.stringify(found)}; allowed is ${DATE_FORM}` } };
}

function refuseScattered({ row, number }: TicketRow): never {
  throw new TandemError(
    'request-invalid',
    `row ${row.number}: found ticket ${number} again after others; allowed is a file grouped by ticket: sort it by number`,
  );
}

function refuseEndless({ number }: TicketRow): never {
  throw new TandemError(
    'request-invalid',
    `found more than ${MAX_ROWS_OF_TICKET} rows of ticket ${JSON.stringify(number)}; allowed is a number for each ticket`,
  );
}
