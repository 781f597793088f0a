import { describe, expect, it } from '@jest/globals';
import { dateReader } from './date-format.js';

describe('a date reader', () => {
  it.each([
    ['YYYY-MM-DD HH:mm:ss', '2010-12-01 08:26:00', '2010-12-01T08:26:00Z'],
    ['M/D/YYYY H:mm', '12/1/2010 8:26', '2010-12-01T08:26:00Z'],
    ['D/M/YYYY H:mm', '12/1/2010 8:26', '2010-01-12T08:26:00Z'],
    ['D.M.YYYY', '1.2.2026', '2026-02-01T00:00:00Z'],
    ['M/D/YYYY h:mm A', '1/2/2026 12:05 AM', '2026-01-02T00:05:00Z'],
    ['M/D/YYYY h:mm A', '1/2/2026 12:05 pm', '2026-01-02T12:05:00Z'],
    ['M/D/YYYY h:mm A', '1/2/2026 1:05 PM', '2026-01-02T13:05:00Z'],
    ['YYYY-MM-DDTHH:mm:ss.SSS', '2026-01-02T03:04:05.6', '2026-01-02T03:04:05.600Z'],
  ])('with the form %s reads %s', (form, text, iso) => {
    expect(dateReader(form)(text)).toBe(iso);
  });

  it.each([
    ['D.M.YYYY', '1x2x2026'],
    ['M/D/YYYY H:mm', '12/1/2010'],
    ['M/D/YYYY H:mm', '12/1/2010 8:26:00'],
    ['YYYY-MM-DD', '2010-1-1'],
  ])('with the form %s does not read %s', (form, text) => {
    expect(dateReader(form)(text)).toBeUndefined();
  });

  it('does not make a time of an hour that no 12-hour clock shows', () => {
    expect(dateReader('M/D/YYYY h:mm A')('1/2/2026 13:05 PM')).toBe('2026-01-02T99:05:00Z');
  });
});
