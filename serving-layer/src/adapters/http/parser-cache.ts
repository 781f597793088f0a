import { allowedNames, type Metric, quoted, TandemError } from '@tandem/shared';
import { LRUCache } from 'lru-cache';
import type { QueryParser } from '../../query/parse-query.js';
import type { Query } from '../../query/query.js';

/** Query strings whose meaning is remembered. */
const MAX_PARSED_QUERIES = 1_000;

/** Metrics by name, with what their query strings mean: the same text always gives the same query object. */
export class ParserCache {
  readonly #parsers: ReadonlyMap<string, QueryParser>;
  readonly #queries = new LRUCache<string, Query>({ max: MAX_PARSED_QUERIES });

  constructor(metrics: readonly Metric[], parserOf: (metric: Metric) => QueryParser) {
    this.#parsers = new Map(metrics.map((metric) => [metric.name, parserOf(metric)]));
  }

  /** Throws `not-found` for an unknown metric and `request-invalid` for what the parser refuses. */
  get(metric: string, queryString: string): Query {
    const key = `${metric}?${queryString}`;
    const known = this.#queries.get(key);
    if (known) return known;
    const query = this.#parserOf(metric)(queryString);
    this.#queries.set(key, query);
    return query;
  }

  #parserOf(metric: string): QueryParser {
    const parser = this.#parsers.get(metric);
    if (parser) return parser;
    const allowed = [...this.#parsers.keys()];
    throw new TandemError('not-found', `found the metric ${quoted(metric)}; ${allowedNames(metric, allowed)}`, {
      facts: { allowed },
    });
  }
}
