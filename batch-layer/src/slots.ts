import cron, { type ScheduledTask } from 'node-cron';

/** Slots of a cron expression in UTC: every time that `ticks` (an expression for node-cron) meets and `isDue` confirms. */
export type Slots = { readonly ticks: string; readonly isDue: (slot: Date) => boolean };

type Field = { readonly name: string; readonly range: string; readonly steps: number };

const FIELDS: readonly Field[] = [
  { name: 'minute', range: '0-59', steps: 60 },
  { name: 'hour', range: '0-23', steps: 24 },
  { name: 'day of the month', range: '1-31', steps: 31 },
  { name: 'month', range: '1-12 or jan-dec', steps: 12 },
  { name: 'day of the week', range: '0-7 or sun-sat, 0 and 7 are Sunday', steps: 7 },
];
const NAMES = ['@yearly', '@annually', '@monthly', '@weekly', '@daily', '@midnight', '@hourly'];
const EXAMPLES = 'an expression like "*/5 * * * *", in UTC, or off';

/**
 * Reads a cron expression of five fields, or a name like @daily, as POSIX has it: where both day fields are restricted,
 * either is enough. A field that begins with * restricts nothing in this sense, as in every cron: then both must fit.
 * Returns a sentence that says what is wrong and what is allowed, when it cannot be used.
 */
export function readSlots(expression: string): Slots | string {
  const text = expression.trim().toLowerCase();
  if (text.startsWith('@')) return NAMES.includes(text) ? always(text) : wrongName(text);
  const fields = text.split(/\s+/);
  if (fields.length !== FIELDS.length) return wrongCount(fields.length);
  const wrong = fields.map(faultOf).find((fault) => fault !== undefined);
  return wrong ?? slotsOf(fields);
}

function slotsOf([minute = '', hour = '', day = '', month = '', weekday = '']: readonly string[]): Slots | string {
  const byDay = `${minute} ${hour} ${day} ${month} *`;
  const byWeekday = `${minute} ${hour} * ${month} ${weekday}`;
  if (isFree(day) || isFree(weekday)) {
    return cron.validate(byDay) ? always(`${minute} ${hour} ${day} ${month} ${weekday}`) : noSuchDay(day, month);
  }
  const matchers = [byDay, byWeekday].filter((one) => cron.validate(one)).map(matcherOf);
  return { ticks: `${minute} ${hour} * ${month} *`, isDue: (slot) => matchers.some((matches) => matches(slot)) };
}

/** node-cron's own matching of an expression; nothing is started. */
function matcherOf(expression: string): (slot: Date) => boolean {
  const task: ScheduledTask = cron.createTask(expression, () => {}, { timezone: 'UTC' });
  return (slot) => task.match(slot);
}

function always(ticks: string): Slots {
  return { ticks, isDue: () => true };
}

function isFree(field: string): boolean {
  return field.startsWith('*') || field === '?';
}

/** Each field is tried alone, so that what is wrong can be named. */
function faultOf(field: string, index: number): string | undefined {
  const { name = '', range = '', steps = 0 } = FIELDS[index] ?? {};
  const alone = FIELDS.map((_, at) => (at === index ? field : '*')).join(' ');
  const tooWide = field.split(',').some((part) => Number(part.split('/')[1] ?? 1) > steps);
  const isQuestion = field.includes('?') && (field !== '?' || (name !== 'day of the month' && index !== 4));
  if (cron.validate(alone) && !tooWide && !isQuestion) return undefined;
  const found = JSON.stringify(field.slice(0, 50));
  return `${found} cannot be the ${name}: allowed is *, or ${range}, alone, as list (1,3), range (1-5) or step (*/2, up to ${steps})`;
}

function wrongCount(count: number): string {
  const seconds = count === 6 ? ': a field of seconds is not taken, as a slot is a whole minute' : '';
  const names = FIELDS.map(({ name }) => name).join(', ');
  return `the number of fields is ${count}${seconds}; allowed are five (${names}), as in ${EXAMPLES}`;
}

function noSuchDay(day: string, month: string): string {
  return `day ${day} of month ${month} never comes; allowed is a day that one of the months has`;
}

function wrongName(found: string): string {
  return `${JSON.stringify(found.slice(0, 50))} is not a name of slots; allowed are ${NAMES.join(', ')}, ${EXAMPLES}`;
}
