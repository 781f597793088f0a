import { describe, expect, it } from '@jest/globals';
import { incidentsImporter } from './incidents.js';

const HEADER = ['number', 'incident_state', 'caller_id', 'opened_at', 'sys_updated_at', 'priority', 'closed_at'];
const OPENED = '1/2/2016 10:00';

function eventsOf(...rows: readonly (readonly string[])[]) {
  const mapper = incidentsImporter.mapperFor(HEADER);
  const mapped = rows.flatMap((cells, index) => mapper.map({ number: index + 2, cells }));
  return [...mapped, ...mapper.end()];
}

const brief = (mapped: ReturnType<typeof eventsOf>) =>
  mapped.flatMap((one) => {
    if (!('event' in one) || !('ticket_id' in one.event)) return [];
    const { type, occurred_at, priority } = one.event;
    const from = one.event.type === 'ticket_priority_changed' ? `${one.event.previous_priority}>` : '';
    return [`${type} ${occurred_at} ${from}${priority}`];
  });

describe('the rows of a ticket', () => {
  it('become its opening, its changes of priority in order of time, and its closing', () => {
    const events = eventsOf(
      ['1', 'New', '?', OPENED, '1/2/2016 10:05', '3 - Moderate', '9/2/2016 12:00'],
      ['1', 'Closed', '?', OPENED, '9/2/2016 12:00', '1 - Critical', '9/2/2016 12:00'],
      ['1', 'Active', '?', OPENED, '2/2/2016 11:00', '1 - Critical', '9/2/2016 12:00'],
    );
    expect(brief(events)).toEqual([
      'ticket_opened 2016-02-01T10:00:00Z 3',
      'ticket_priority_changed 2016-02-02T11:00:00Z 3>1',
      'ticket_closed 2016-02-09T12:00:00Z 1',
    ]);
  });

  it('close it once, at closed_at, although it was closed and opened again before', () => {
    const events = eventsOf(
      ['1', 'Closed', '?', OPENED, '2/2/2016 10:00', '3', '9/2/2016 12:00'],
      ['1', 'Active', '?', OPENED, '3/2/2016 10:00', '3', '9/2/2016 12:00'],
      ['1', 'Closed', '?', OPENED, '9/2/2016 12:00', '3', '9/2/2016 12:00'],
    );
    expect(brief(events)).toEqual(['ticket_opened 2016-02-01T10:00:00Z 3', 'ticket_closed 2016-02-09T12:00:00Z 3']);
  });

  it('leave it open when closed_at is not known and its last state is not Closed', () => {
    expect(brief(eventsOf(['1', 'Active', '?', OPENED, OPENED, '3', '?']))).toHaveLength(1);
    expect(brief(eventsOf(['1', 'Closed', '?', OPENED, '2/2/2016 10:00', '3', '?']))).toEqual([
      'ticket_opened 2016-02-01T10:00:00Z 3',
      'ticket_closed 2016-02-02T10:00:00Z 3',
    ]);
  });

  it('open it with the priority of the last row from before it was opened', () => {
    const events = eventsOf(
      ['1', 'New', '?', OPENED, '1/2/2016 08:00', '4', '?'],
      ['1', 'New', '?', OPENED, '1/2/2016 09:00', '2', '?'],
    );
    expect(brief(events)).toEqual(['ticket_opened 2016-02-01T10:00:00Z 2']);
  });

  it('are all refused when one of its events would be: half a ticket would stay open for ever', () => {
    const events = eventsOf(
      ['1', 'New', '?', '31/2/2016 10:00', '1/3/2016 10:05', '3', '9/3/2016 12:00'],
      ['2', 'New', '?', OPENED, '1/3/2016 10:05', 'x'.repeat(65), '9/3/2016 12:00'],
      ['3', 'New', '?', OPENED, '1/3/2016 10:05', '3', '31/1/2016 12:00'],
    );
    expect(events.every((one) => 'refusal' in one)).toBe(true);
    expect(events).toHaveLength(3);
  });

  it('stop the import when the file is not grouped by ticket', () => {
    const row = (number: string) => [number, 'New', '?', OPENED, OPENED, '3', '?'];
    expect(() => eventsOf(row('1'), row('2'), row('1'))).toThrow(/row 4: found ticket 1 again.*grouped by ticket/);
  });

  it('have the ids of what they say, whatever other columns the file has', () => {
    const rows = [
      ['1', 'New', '?', OPENED, '1/2/2016 10:05', '3', '?'],
      ['1', 'Active', '?', OPENED, '1/2/2016 11:00', '1', '?'],
      ['1', 'Active', '?', OPENED, '1/2/2016 11:00', '3', '?'],
      ['1', 'Resolved', '?', OPENED, '1/2/2016 11:00', '1', '?'],
    ];
    const idsOf = (mapped: ReturnType<typeof eventsOf>) =>
      mapped.flatMap((one) => ('event' in one ? [one.event.event_id] : []));
    const ids = idsOf(eventsOf(...rows));
    expect(new Set(ids).size).toBe(4);
    const mapper = incidentsImporter.mapperFor([...HEADER, 'more']);
    const wider = rows.flatMap((cells, index) => mapper.map({ number: index + 2, cells: [...cells, String(index)] }));
    expect(idsOf([...wider, ...mapper.end()])).toEqual(ids);
  });

  it('name the columns that are missing, found and expected', () => {
    expect(() => incidentsImporter.mapperFor(['number', 'priority'])).toThrow(
      /found no column incident_state or ident_state, caller_id.*found are the columns number, priority; expected are/,
    );
  });
});
