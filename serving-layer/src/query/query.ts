import type { FieldName, Metric } from '@tandem/shared';

/** The layers' answers, in the order in which they are shown. */
export const LAYERS = ['merged', 'batch', 'speed'] as const;
export type Layer = (typeof LAYERS)[number];

export const GRANULARITIES = ['hour', 'day'] as const;
export type Granularity = (typeof GRANULARITIES)[number];

export const FORMATS = ['json', 'csv'] as const;
export type Format = (typeof FORMATS)[number];

/** Event times from `fromMs` (inclusive) to `toMs` (exclusive), milliseconds since 1970; null means unbounded. */
export type TimeRange = { readonly fromMs: number | null; readonly toMs: number | null };

/** The dimension has one of these values. */
export type Filter = { readonly dimension: FieldName; readonly values: readonly string[] };

/** What is asked of one metric, checked: names exist, times are aligned, from lies before to. */
export type Query = {
  readonly metric: Metric;
  readonly where: readonly Filter[];
  /** In the metric's order. */
  readonly groupBy: readonly FieldName[];
  readonly range: TimeRange | null;
  /** One group per hour or day of event time; null for one over the whole range. */
  readonly granularity: Granularity | null;
  readonly layers: readonly Layer[];
  readonly format: Format;
  /** CSV begins with a byte order mark, by which spreadsheets know UTF-8. */
  readonly bom: boolean;
  readonly explain: boolean;
};

/** Most groups that one answer may have; a larger one is refused, never cut. */
export const MAX_GROUPS = 10_000;
