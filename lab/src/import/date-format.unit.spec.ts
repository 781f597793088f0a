import { describe, expect, it } from '@jest/globals';
import { dateReader, formatProblem } from './date-format.js';
import { numberDateReader } from './date-numbers.js';
import { inZone, isTimeZone } from './local-time.js';
import { isKnownLocale, monthNames } from './month-names.js';

const read = (form: string, text: string, locale?: string) => dateReader(form, { months: monthNames(locale) })(text);

describe('a date reader', () => {
  it.each([
    ['YYYY-MM-DD HH:mm:ss', '2010-12-01 08:26:00', '2010-12-01T08:26:00Z'],
    ['M/D/YYYY H:mm', '12/1/2010 8:26', '2010-12-01T08:26:00Z'],
    ['D/M/YYYY H:mm', '12/1/2010 8:26', '2010-01-12T08:26:00Z'],
    ['D.M.YYYY', '1.2.2026', '2026-02-01T00:00:00Z'],
    ['M/D/YYYY h:mm A', '1/2/2026 12:05 AM', '2026-01-02T00:05:00Z'],
    ['M/D/YYYY h:mm A', '1/2/2026 12:05 pm', '2026-01-02T12:05:00Z'],
    ['M/D/YYYY h:mm A', '1/2/2026 1:05\u202fp.m.', '2026-01-02T13:05:00Z'],
    ['M/D/YYYY h:mma', '1/2/2026 1:05PM', '2026-01-02T13:05:00Z'],
    ['YYYY-MM-DDTHH:mm:ss.SSS', '2026-01-02T03:04:05.6', '2026-01-02T03:04:05.600Z'],
    ['YYYY-MM-DD HH:mm:ss.SSSSSS', '2026-01-02 03:04:05.123456', '2026-01-02T03:04:05.123Z'],
    ['YYYY-MM-DDTHH:mm:ssZ', '2026-01-02T03:04:05+0130', '2026-01-02T03:04:05+01:30'],
    ['YYYY-MM-DD HH:mm:ss ZZ', '2026-01-02 03:04:05 UTC', '2026-01-02T03:04:05Z'],
    ['YYYY-MM-DD HH:mmZ', '2026-01-02 03:04-05', '2026-01-02T03:04-05:00'.replace('03:04', '03:04:00')],
    ['YYYYMMDDTHHmmss', '20260102T030405', '2026-01-02T03:04:05Z'],
    ['YYYYMMDD', '20260102', '2026-01-02T00:00:00Z'],
    ['DD/MM/YY', '31/12/69', '2069-12-31T00:00:00Z'],
    ['DD/MM/YY', '31/12/70', '1970-12-31T00:00:00Z'],
    ['DD/MM/YYYY HHhmm', '01/02/2026 14h30', '2026-02-01T14:30:00Z'],
    ["DD/MM/YYYY HH'h'mm", '01/02/2026 14h30', '2026-02-01T14:30:00Z'],
    ['DD-MMM-YYYY', '01-Feb-2026', '2026-02-01T00:00:00Z'],
    ['MMMM D, YYYY', 'September 3, 2026', '2026-09-03T00:00:00Z'],
    ['MMMM Do, YYYY', 'May 3rd, 2026', '2026-05-03T00:00:00Z'],
    ['ddd, D MMM YYYY HH:mm', 'Tue, 1 Sept 2026 08:15', '2026-09-01T08:15:00Z'],
    ['dddd D MMMM YYYY', 'Sunday 1 FEBRUARY 2026', '2026-02-01T00:00:00Z'],
    ['MMM D YYYY', 'Feb  1 2026', '2026-02-01T00:00:00Z'],
    ['D. M. YYYY um HH:mm Uhr', '1. 2. 2026 um 08:15 Uhr', '2026-02-01T08:15:00Z'],
    ['MMMM D, YYYY at h:mm A', 'February 1, 2026 at 8:15 PM', '2026-02-01T20:15:00Z'],
    ["DD.MM.YYYY 'mm' HH:mm", '01.02.2026 mm 08:15', '2026-02-01T08:15:00Z'],
    ['DD.MM.YYYY [Uhrzeit:] HH:mm', '01.02.2026 Uhrzeit: 08:15', '2026-02-01T08:15:00Z'],
    ["D MMM ''YY", "1 Feb '26", '2026-02-01T00:00:00Z'],
    ['YYYY年MM月DD日', '2026年02月01日', '2026-02-01T00:00:00Z'],
  ])('with the form %s reads %s', (form, text, iso) => {
    expect(formatProblem(form)).toBeUndefined();
    expect(read(form, text)).toBe(iso);
  });

  it.each([
    ['de', 'D. MMMM YYYY', '1. März 2026', '2026-03-01T00:00:00Z'],
    ['de', 'DD-MMM-YY', '01-Mrz-26', '2026-03-01T00:00:00Z'],
    ['de-AT', 'D. MMM YYYY', '1. Jänner 2026', '2026-01-01T00:00:00Z'],
    ['fr', 'D MMM YYYY à HH:mm', '1 févr. 2026 à 08:15', '2026-02-01T08:15:00Z'],
    ['fr', 'D MMMM YYYY', '14 JUILLET 2026', '2026-07-14T00:00:00Z'],
    ['es', "D 'de' MMMM 'de' YYYY", '1 de febrero de 2026', '2026-02-01T00:00:00Z'],
    ['pl', 'D MMMM YYYY', '1 lutego 2026', '2026-02-01T00:00:00Z'],
    ['ru', 'D MMMM YYYY', '1 февраля 2026', '2026-02-01T00:00:00Z'],
  ])('knows the months of %s: %s reads %s', (locale, form, text, iso) => {
    expect(read(form, text, locale)).toBe(iso);
  });

  it.each([
    ['D.M.YYYY', '1x2x2026'],
    ['M/D/YYYY H:mm', '12/1/2010'],
    ['M/D/YYYY H:mm', '12/1/2010 8:26:00'],
    ['YYYY-MM-DD', '2010-1-1'],
    ['DD-MMM-YYYY', '01-Foo-2026'],
    ['DD-MMM-YYYY', '01-Ju-2026'],
    ['DD-MMM-YYYY', '01-Mai-2026'],
    ['D. M. YYYY um HH:mm Uhr', '1. 2. 2026 08:15'],
  ])('with the form %s does not read %s', (form, text) => {
    expect(read(form, text)).toBeUndefined();
  });

  it.each([
    ['fr', 'jui'],
    ['en', 'Fe'],
    ['de', 'May'],
    ['en', ''],
  ])('takes in %s no beginning of a month that is too short or fits two: %s', (locale, name) => {
    expect(monthNames(locale)(name)).toBeUndefined();
  });

  it('does not make a time of an hour that no 12-hour clock shows', () => {
    expect(read('M/D/YYYY h:mm A', '1/2/2026 13:05 PM')).toBe('2026-01-02T99:05:00Z');
  });
});

describe('a date format', () => {
  it.each([
    ['YYYY-MM-DD HH:MM', /found the month twice, as MM and MM, in "YYYY-MM-DD HH:MM"; allowed is a format with year/],
    ['D/M', /found "D\/M", without year; allowed/],
    ['yyyy-MM-dd', /found the letters yyyy, which are no part/],
    ['DD.MM.YYYY HHuhrmm', /the letters HHuhrmm/],
    ['EEE DD.MM.YYYY', /the letters EEE/],
    ['DD.MM.YYYY y', /the letters y, which are no part/],
    ['DD.MM.YYYY HH:mm x', /the letters x/],
    ["DD.MM.YYYY 'um HH:mm", /a ' that is not closed/],
    ['DD.MM.YYYY [um HH:mm', /a \[ that is not closed/],
    ['YYYY YY MM DD', /the year twice, as YYYY and YY/],
    ['YYYY-MM-DD A', /A without an hour/],
    ['', /without year, month, day/],
  ])('%s is refused with the parts that are allowed', (form, message) => {
    expect(formatProblem(form)).toMatch(message);
    expect(formatProblem(form)).toMatch(/of the parts YYYY YY MMMM/);
  });
});

describe('a date as a number', () => {
  it.each([
    ['epoch seconds', '1769933700', '2026-02-01T08:15:00.000Z'],
    ['epoch seconds', '1769933700.123999', '2026-02-01T08:15:00.123Z'],
    ['epoch milliseconds', '1769933700123', '2026-02-01T08:15:00.123Z'],
    ['epoch microseconds', '1769933700123999', '2026-02-01T08:15:00.123Z'],
    ['excel', '46054', '2026-02-01T00:00:00.000Z'],
    ['excel', '46054.34375', '2026-02-01T08:15:00.000Z'],
    ['excel', '46054,3472222222', '2026-02-01T08:20:00.000Z'],
    ['excel', '25569', '1970-01-01T00:00:00.000Z'],
    ['excel', '0', '1899-12-30T00:00:00.000Z'],
    ['excel 1904', '0', '1904-01-01T00:00:00.000Z'],
    ['excel 1904', '44592.34375', '2026-02-01T08:15:00.000Z'],
    ['excel', '1.2.2026', undefined],
    ['excel', '', undefined],
    ['epoch seconds', '1.77E+09', undefined],
    ['epoch seconds', '-5', undefined],
  ])('%s reads %s as %s', (form, text, iso) => {
    expect(numberDateReader(form, (local) => `${local}Z`)?.(text)).toBe(iso);
  });
});

describe('a local time', () => {
  const inBerlin = inZone('Europe/Berlin');

  it.each([
    ['2026-02-01T08:15:00', '+01:00'],
    ['2026-07-01T08:15:30.5', '+02:00'],
    ['2026-03-29T01:59:59', '+01:00'],
    ['2026-03-29T03:00:00', '+02:00'],
    // It comes twice: the first.
    ['2026-10-25T02:30:00', '+02:00'],
    ['2026-10-25T03:00:00', '+01:00'],
  ])('%s in Berlin is %s', (local, offset) => {
    expect(inBerlin(local)).toBe(`${local}${offset}`);
    expect(inBerlin(local)).toBe(`${local}${offset}`);
  });

  it('is refused where the clocks pass over it', () => {
    for (const local of ['2026-03-29T02:00:00', '2026-03-29T02:59:59']) {
      expect(() => inBerlin(local)).toThrow(
        /found "2026-03-29 02:\d\d"; allowed is a time that there is in Europe\/Berlin/,
      );
    }
  });

  it('is left to the schema where there is no such day', () => {
    expect(inBerlin('2026-02-30T08:15:00')).toBe('2026-02-30T08:15:00Z');
  });

  it('knows zones of half an hour, of the other half of the world, and fixed offsets', () => {
    expect(inZone('Asia/Kolkata')('2026-02-01T08:15:00')).toBe('2026-02-01T08:15:00+05:30');
    expect(inZone('Australia/Lord_Howe')('2026-02-01T08:15:00')).toBe('2026-02-01T08:15:00+11:00');
    expect(inZone('+02:00')('2026-02-01T08:15:00')).toBe('2026-02-01T08:15:00+02:00');
    expect(['Europe/Berlin', 'UTC', '-05:00', 'Europe/Berlim', 'CEST', ''].map(isTimeZone)).toEqual([
      true,
      true,
      true,
      false,
      false,
      false,
    ]);
  });

  it('has months by the names of languages that are known', () => {
    expect(['de', 'pt-BR', 'xx-unknown', 'nonsense!', ''].map(isKnownLocale)).toEqual([
      true,
      true,
      false,
      false,
      false,
    ]);
  });
});
