import type { Goal, Row, Unit } from '../benchmark.js';
import type { Spread } from './spread.js';

/** "312,000 (305,000–318,000)". */
export function formatSpread({ median, min, max }: Spread, unit?: Unit): string {
  return `${formatNumber(median, unit)} (${formatNumber(min, unit)}–${formatNumber(max, unit)})`;
}

export function formatNumber(value: number, unit?: Unit): string {
  if (unit === 'records/s') return (Math.round(value / 1000) * 1000).toLocaleString('en-US');
  if (unit === 'requests/s' || unit === 'MB') return Math.round(value).toLocaleString('en-US');
  if (unit === 'ms') return value.toFixed(1);
  if (unit === 's') return value.toFixed(value < 10 ? 2 : 1);
  return value.toFixed(value < 10 ? 2 : 1);
}

export function formatGoal(goal: Goal | undefined): string {
  if (goal === undefined) return 'for information';
  return 'atLeast' in goal ? `≥ ${goal.atLeast}` : `≤ ${goal.atMost}`;
}

/** "reached" or "missed" by the median; empty where nothing was aimed at. */
export function verdictOf({ ours, ratio, goal }: Row): string {
  if (goal === undefined) return '';
  const value = (ratio ?? ours).median;
  const isReached = 'atLeast' in goal ? value >= goal.atLeast : value <= goal.atMost;
  return isReached ? 'reached' : 'missed';
}
