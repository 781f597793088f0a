import { TandemError } from '../../errors.js';
import { definitionHash } from '../../metrics/define-metric.js';
import type { Metric } from '../../metrics/metric.js';
import type { Tally } from '../../tally.js';

/** What Redis says of a partition besides its cells. */
export type PartitionMeta = {
  /** Random at each begin. */
  readonly view: string;
  /** Random at each change of the view. */
  readonly version: string;
  /** Random at each write, also one that leaves the view as it is. */
  readonly change: string;
  /** Hash of the metrics whose cells these are. */
  readonly definitions: string;
  readonly from: number;
  readonly applied: number;
  readonly cold: string | null;
  /** Of the last record applied; null in a view of an older version, and before the first. */
  readonly lastDigest: string | null;
  /** Name of the latest barrier that was applied; null before the first. */
  readonly lastBarrier: string | null;
  /** Numbers of the first and the last stretch in the list (inclusive). The first of all, 0, stands for the begin. */
  readonly first: number;
  readonly last: number;
  /** Number and id of the last stretch that is in the states, and the applied offset then. */
  readonly compacted: number;
  readonly compactedId: string;
  readonly compactedApplied: number;
  /** By segment start, ascending. */
  readonly tallies: ReadonlyMap<number, Tally>;
  /** By segment start, ascending; a segment that began since the last compaction has none. */
  readonly states: ReadonlyMap<number, StateSize>;
  /** Characters of the stretches since. */
  readonly uncompacted: number;
};

/** How many pieces a segment's state has, and how many characters. */
export type StateSize = { readonly pieces: number; readonly length: number };

const TALLY = /^read=(\d+) folded=(\d+) unchecked=(\d+) duplicate=(\d+) invalid=(\d+) barriers=(\d+)$/;

const TALLY_PREFIX = 'segment:';

export const tallyField = (start: number) => `${TALLY_PREFIX}${start}`;
export const stateField = (start: number) => `state:${start}`;

/** The text that a person sees in the meta hash. */
export function tallyText({ read, folded, unchecked, duplicate, invalid, barriers }: Tally): string {
  return `read=${read} folded=${folded} unchecked=${unchecked} duplicate=${duplicate} invalid=${invalid} barriers=${barriers}`;
}

export function stateText({ pieces, length }: StateSize): string {
  return `pieces=${pieces} length=${length}`;
}

/** Names and values in turn, as HSET takes them. */
export function textsOf(fields: Readonly<Record<string, string | number>>): readonly string[] {
  return Object.entries(fields).flatMap(([name, value]) => [name, String(value)]);
}

/** Changes with the form in which cells are encoded: one of another form is not taken for ours. */
const ENCODING = 'encoding=3';

/** Names the encoding, and the metrics with what changes when their cells would. */
export function definitionsOf(metrics: readonly Metric[]): string {
  return [ENCODING, ...metrics.map((metric) => `${metric.name}=${definitionHash(metric)}`)].join(' ');
}

/** The names that a text of `definitionsOf` has. */
export function metricsOf(definitions: string): readonly string[] {
  const named = definitions.split(' ').filter((definition) => definition !== ENCODING);
  return named.map((definition) => definition.slice(0, definition.lastIndexOf('=')));
}

/** Starts of the segments that a meta hash knows. */
export function tallyStarts(meta: Readonly<Record<string, string>>): readonly number[] {
  const fields = Object.keys(meta).filter((name) => name.startsWith(TALLY_PREFIX));
  return fields.map((name) => Number(name.slice(TALLY_PREFIX.length)));
}

/** The fields of a view that begins at `from` (inclusive), but for who owns it. */
export function metaAtBegin(id: string, from: number, metrics: readonly Metric[]) {
  return {
    view: id,
    version: id,
    definitions: definitionsOf(metrics),
    from,
    applied: from,
    first: 0,
    last: 0,
    compacted: 0,
    compacted_id: id,
    compacted_applied: from,
    uncompacted: 0,
    last_digest: '',
    last_barrier: '',
  };
}

/** Throws `corrupt` when something is missing: part of the hash was deleted, or something else wrote to it. */
export function parseMeta(namesAndValues: readonly string[]): PartitionMeta {
  const fields = new Map<string, string>();
  for (let at = 0; at < namesAndValues.length; at += 2) {
    fields.set(namesAndValues[at] ?? '', namesAndValues[at + 1] ?? '');
  }
  const text = (name: string) => fields.get(name) ?? refuse(name, undefined);
  const integer = (name: string) => integerOf(name, text(name));
  return {
    view: text('view'),
    version: text('version'),
    change: text('change'),
    definitions: text('definitions'),
    from: integer('from'),
    applied: integer('applied'),
    cold: text('cold') || null,
    lastDigest: fields.get('last_digest') || null,
    lastBarrier: fields.get('last_barrier') || null,
    first: integer('first'),
    last: integer('last'),
    compacted: integer('compacted'),
    compactedId: text('compacted_id'),
    compactedApplied: integer('compacted_applied'),
    tallies: byStart(fields, TALLY_PREFIX, parseTally),
    states: byStart(fields, 'state:', parseStateSize),
    uncompacted: integer('uncompacted'),
  };
}

function byStart<Value>(
  fields: ReadonlyMap<string, string>,
  prefix: string,
  parse: (name: string, text: string) => Value,
): ReadonlyMap<number, Value> {
  const found = [...fields].filter(([name]) => name.startsWith(prefix));
  const entries = found.map(
    ([name, value]) => [integerOf(name, name.slice(prefix.length)), parse(name, value)] as const,
  );
  return new Map(entries.sort(([a], [b]) => a - b));
}

function parseTally(name: string, text: string): Tally {
  const match = TALLY.exec(text);
  if (match === null) return refuse(name, text);
  const [read = 0, folded = 0, unchecked = 0, duplicate = 0, invalid = 0, barriers = 0] = match.slice(1).map(Number);
  return { read, folded, unchecked, duplicate, invalid, barriers };
}

function parseStateSize(name: string, text: string): StateSize {
  const match = /^pieces=(\d+) length=(\d+)$/.exec(text);
  return match === null ? refuse(name, text) : { pieces: Number(match[1]), length: Number(match[2]) };
}

function integerOf(name: string, text: string): number {
  return /^\d+$/.test(text) ? Number(text) : refuse(name, text);
}

function refuse(name: string, found: string | undefined): never {
  throw new TandemError(
    'corrupt',
    `found ${found === undefined ? 'no value' : JSON.stringify(found)} as ${name} of a partition of the realtime view in Redis; allowed is what the speed layer writes`,
  );
}
