import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import cron from 'node-cron';
import { faultOfSchedule } from './schedule.js';
import { readSlots } from './slots.js';

const HOUR_MS = 3_600_000;
const FROM_MS = Date.UTC(2027, 11, 1);
/** Four months and a bit, over the 29th of February 2028. */
const HOURS = 24 * 130;

/** One field as written, and the numbers it stands for by the text of POSIX; written again here, not taken from the code. */
type Written = { readonly text: string; readonly means: ReadonlySet<number>; readonly isFree: boolean };

const SPELLED = [undefined, 'mon', 'TUE', 'Wed', 'thu', 'fri', 'sat'];

function range(from: number, to: number, step = 1): number[] {
  return Array.from({ length: Math.floor((to - from) / step) + 1 }, (_, index) => from + index * step);
}

function field(min: number, max: number, spell: (value: number) => string = String) {
  const wrap = (value: number) => (max === 7 ? value % 7 : value);
  const one = fc.integer({ min, max }).map((value) => ({ text: spell(value), means: [value] }));
  const stretch = fc
    .tuple(fc.integer({ min, max }), fc.integer({ min, max }), fc.integer({ min: 1, max: 4 }))
    .map(([a, b, step]) => [Math.min(a, b), Math.max(a, b), step] as const)
    .map(([a, b, step]) => ({
      text: `${spell(a)}-${spell(b)}${step === 1 ? '' : `/${step}`}`,
      means: range(a, b, step),
    }));
  const list = fc.array(fc.oneof(one, stretch), { minLength: 1, maxLength: 3 }).map((parts): Written => {
    const means = new Set(parts.flatMap((part) => part.means).map(wrap));
    return { text: parts.map((part) => part.text).join(','), means, isFree: false };
  });
  const star = fc.integer({ min: 1, max: 4 }).map((step): Written => {
    const means = new Set(range(min, max === 7 ? 6 : max, step));
    return { text: step === 1 ? '*' : `*/${step}`, means, isFree: true };
  });
  return fc.oneof({ weight: 3, arbitrary: list }, { weight: 1, arbitrary: star });
}

const schedule = fc.record({
  hour: field(0, 23),
  day: field(1, 31),
  month: field(1, 12),
  weekday: field(0, 7, (value) => SPELLED[value] ?? String(value)),
});

describe('the slots of a cron expression', () => {
  it('are those of POSIX, hour for hour: either day field is enough where both are restricted', () => {
    fc.assert(
      fc.property(schedule, ({ hour, day, month, weekday }) => {
        const slots = readSlots(`0 ${hour.text} ${day.text} ${month.text} ${weekday.text}`);
        // Days that never come are refused, and have a test of their own.
        if (typeof slots === 'string') return expect(slots).toContain('never comes');
        const task = cron.createTask(slots.ticks, () => {}, { timezone: 'UTC' });
        for (let at = 0; at < HOURS; at++) {
          const date = new Date(FROM_MS + at * HOUR_MS);
          const isDay = day.means.has(date.getUTCDate());
          const isWeekday = weekday.means.has(date.getUTCDay());
          const isRight = day.isFree || weekday.isFree ? isDay && isWeekday : isDay || isWeekday;
          const isSlot = isRight && hour.means.has(date.getUTCHours()) && month.means.has(date.getUTCMonth() + 1);
          if (isSlot !== (task.match(date) && slots.isDue(date))) throw new Error(`${date.toISOString()}: ${isSlot}`);
        }
      }),
      { numRuns: 60 },
    );
  }, 60_000);

  it.each([
    '* * * * *',
    '*/5 * * * *',
    '  0   3\t* * 1 ',
    '0 0 1,15 * MON-FRI',
    '0 0 * JAN,dec sun',
    '0 0 * * 5-7',
    '0 0 30 2 1',
    '0 0 29 2 *',
    '0 0 31 1,2 *',
    '0 0 ? * 1',
    '0 0 L * *',
    '@daily',
    '@HOURLY',
  ])('can be written %j', (expression) => {
    expect(faultOfSchedule(expression)).toBeUndefined();
  });

  it.each([
    ['', 'the number of fields is 1; allowed are five'],
    ['never', 'allowed are five (minute, hour, day of the month, month, day of the week)'],
    ['* * * * * *', 'the number of fields is 6: a field of seconds is not taken'],
    ['*/10 * * * * *', 'a field of seconds is not taken'],
    ['* * * *', 'the number of fields is 4'],
    ['0 0 * * 1 2026 ?', 'the number of fields is 7'],
    ['60 * * * *', '"60" cannot be the minute: allowed is *, or 0-59'],
    ['* 24 * * *', '"24" cannot be the hour: allowed is *, or 0-23'],
    ['0 0 0 * *', '"0" cannot be the day of the month: allowed is *, or 1-31'],
    ['0 0 32 * 1', '"32" cannot be the day of the month'],
    ['0 0 * 13 *', '"13" cannot be the month: allowed is *, or 1-12 or jan-dec'],
    ['0 0 * * 8', '"8" cannot be the day of the week: allowed is *, or 0-7 or sun-sat'],
    ['0 0 1 * funday', '"funday" cannot be the day of the week'],
    ['*/0 * * * *', '"*/0" cannot be the minute'],
    ['*/90 * * * *', '"*/90" cannot be the minute'],
    ['1,,2 * * * *', '"1,,2" cannot be the minute'],
    ['? * * * *', '"?" cannot be the minute'],
    ['1.5 * * * *', '"1.5" cannot be the minute'],
    ['-1 * * * *', '"-1" cannot be the minute'],
    ['0 0 30 2 *', 'day 30 of month 2 never comes'],
    ['0 0 31 4,6 */2', 'day 31 of month 4,6 never comes'],
    ['@reboot', '"@reboot" is not a name of slots; allowed are @yearly'],
    ['@every 5m', 'allowed are @yearly'],
  ])('cannot be written %j, and the refusal says what is allowed', (expression, reason) => {
    expect(faultOfSchedule(expression)).toContain(reason);
  });
});
