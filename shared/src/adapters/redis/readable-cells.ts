import { MS_PER_HOUR, toInstantText } from '../../events/instant.js';
import { toDecimalText } from '../../events/money.js';
import { DistinctSketch } from '../../measures/distinct-sketch.js';
import type { Cell, MeasureState } from '../../metrics/cell.js';
import { unitOf } from '../../metrics/define-metric.js';
import type { Metric } from '../../metrics/metric.js';

const PLAIN = /^[^\s"\\]+$/;

/** "2026-11-24T04:00Z books DE"; a value with a space, or none at all, stands in quotes. */
export function readableField({ hour, dimensions }: Cell): string {
  let text = hourText(hour);
  for (const value of dimensions) text += ` ${PLAIN.test(value) ? value : JSON.stringify(value)}`;
  return text;
}

/** The cells of a stretch lie in a few hours. */
let lastHour = { hour: -1, text: '' };

function hourText(hour: number): string {
  if (lastHour.hour !== hour) lastHour = { hour, text: `${toInstantText(hour * MS_PER_HOUR).slice(0, 16)}Z` };
  return lastHour.text;
}

/** Writes a metric's cells as people read them: "gross=12.5 refunds=0 orders=2"; an estimate as "customers=~51234". */
export function readableValueOf(metric: Metric): (cell: Cell) => string {
  const measures = Object.keys(metric.measures).map((name) => ({ name, isMoney: unitOf(metric, name) === 'money' }));
  return ({ states }) =>
    measures.map(({ name, isMoney }, index) => `${name}=${textOf(states[index] ?? 0, isMoney)}`).join(' ');
}

function textOf(state: MeasureState, isMoney: boolean): string {
  if (state instanceof DistinctSketch) return `${state.isExact ? '' : '~'}${state.roughCount()}`;
  return isMoney ? toDecimalText(state) : String(state);
}
