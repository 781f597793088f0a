import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  dateToMs,
  dayOf,
  EARLIEST_MS,
  hourOf,
  LATEST_MS,
  MS_PER_HOUR,
  parseInstant,
  toInstantText,
} from './instant.js';

const instants = fc.integer({ min: EARLIEST_MS, max: LATEST_MS - 1 });
const offsets = fc.integer({ min: -(23 * 60 + 59), max: 23 * 60 + 59 });

function zoneText(minutes: number): string {
  const [sign, size] = [minutes < 0 ? '-' : '+', Math.abs(minutes)];
  return `${sign}${String(Math.floor(size / 60)).padStart(2, '0')}:${String(size % 60).padStart(2, '0')}`;
}

describe('an instant', () => {
  it('comes back from its text as it was', () => {
    fc.assert(fc.property(instants, (ms) => expect(parseInstant(toInstantText(ms))).toBe(ms)));
  });

  it('is the same time in whatever offset it is written', () => {
    fc.assert(
      fc.property(instants, offsets, (ms, minutes) => {
        const local = new Date(ms + minutes * 60_000);
        fc.pre(local.getUTCFullYear() >= 1970 && local.getUTCFullYear() <= 2099);
        expect(parseInstant(local.toISOString().replace('Z', zoneText(minutes)))).toBe(ms);
      }),
    );
  });

  it('exists on exactly the days of the calendar', () => {
    const days = (year: number, month: number) => new Date(Date.UTC(year, month, 0)).getUTCDate();
    fc.assert(
      fc.property(fc.integer({ min: 1970, max: 2099 }), fc.nat(14), fc.nat(33), (year, month, day) => {
        const exists = month >= 1 && month <= 12 && day >= 1 && day <= days(year, month);
        const text = `${year}-${String(month).padStart(2, '0')}-${String(day).padStart(2, '0')}`;
        expect(parseInstant(`${text}T00:00:00Z`)).toBe(exists ? Date.parse(text) : undefined);
        expect(dateToMs(year, month, day)).toBe(exists ? Date.parse(text) : undefined);
      }),
      { numRuns: 1_000 },
    );
  });

  it.each([
    ['2011-12-09T12:00Z', Date.UTC(2011, 11, 9, 12)],
    ['2011-12-09T12:00:01Z', Date.UTC(2011, 11, 9, 12, 0, 1)],
    ['2011-12-09T12:00:01.5Z', Date.UTC(2011, 11, 9, 12, 0, 1, 500)],
    ['2011-12-09T12:00:01.05+00:30', Date.UTC(2011, 11, 9, 11, 30, 1, 50)],
    ['1970-01-01T00:00:00Z', 0],
    ['1969-12-31T23:00:00-01:00', 0],
    ['2099-12-31T23:59:59.999Z', LATEST_MS - 1],
    ['2000-02-29T00:00:00Z', Date.UTC(2000, 1, 29)],
    ['2019-01-01t00:00:00z', Date.UTC(2019, 0, 1)],
    ['2019-01-01 00:00:00Z', Date.UTC(2019, 0, 1)],
    ['2019-01-01 01:00:00.25+01:00', Date.UTC(2019, 0, 1) + 250],
    ['2019-01-01T00:00:00-00:00', Date.UTC(2019, 0, 1)],
    ['2019-01-01T00:00:00.1234Z', Date.UTC(2019, 0, 1) + 123],
    ['2019-01-01T00:59:59.999999999999Z', Date.UTC(2019, 0, 1, 1) - 1],
    [`2019-01-01T00:00:00.${'0'.repeat(500)}9Z`, Date.UTC(2019, 0, 1)],
    ['2099-12-31T23:59:59.9999Z', LATEST_MS - 1],
  ])('reads %s', (text, ms) => {
    expect(parseInstant(text)).toBe(ms);
  });

  it.each([
    '2019-11-31T00:00:00Z',
    '2019-02-29T00:00:00.000Z',
    '2100-02-29T00:00:00Z',
    '1969-12-31T23:59:59.999Z',
    '1970-01-01T00:00:00+00:01',
    '2100-01-01T00:00:00Z',
    '0085-06-01T00:00:00.000Z',
    '0000-01-01T00:00:00Z',
    '2019-01-01T24:00:00Z',
    '2019-01-01T23:60:00.000Z',
    '2019-01-01T23:59:60Z',
    '2019-01-01T00:00:00+24:00',
    '2019-01-01T00:00:00+01:60',
    '2019-01-01T00:00:00',
    '2019-01-01  00:00:00Z',
    '2019-01-01\t00:00:00Z',
    '2019-01-01T00:00:00.Z',
    '2019-01-01T00:00:00,5Z',
    '2019-01-01T00:00:00 Z',
    '2019-01-01T00:00:00+0100',
    '2019-01-01',
    '2016-12-31T23:59:60Z',
    '2019-1-01T00:00:00Z',
    '+12019-01-01T00:00:00Z',
    '٢٠١٩-01-01T00:00:00Z',
    '2019-01-01T00:00:00Z\n',
    '1546300800000',
    '-1',
    '',
  ])('refuses %p', (text) => {
    expect(parseInstant(text)).toBeUndefined();
  });

  it('lies in the hour and on the day that begin at or before it', () => {
    fc.assert(
      fc.property(instants, (ms) => {
        expect(hourOf(ms) * MS_PER_HOUR).toBeLessThanOrEqual(ms);
        expect((hourOf(ms) + 1) * MS_PER_HOUR).toBeGreaterThan(ms);
        expect(dayOf(ms)).toBe(toInstantText(ms).split('T')[0]);
      }),
    );
  });
});
