/** How much each benchmark works on. */
export type Sizes = {
  readonly isQuick: boolean;
  /** Pairs that are measured, after one that is not. */
  readonly pairs: number;
  readonly replay: { readonly events: number; readonly days: number };
  readonly kafkaReplay: { readonly events: number; readonly days: number };
  readonly recompute: { readonly events: number; readonly days: number };
  readonly incremental: { readonly events: number; readonly days: number };
  /** Postgres as the peer of recompute: at its own size, for it takes long. */
  readonly recomputePostgres: { readonly events: number; readonly days: number };
  readonly query: { readonly events: number; readonly days: number; readonly seconds: number };
  readonly freshness: { readonly eventsPerSecond: number; readonly seconds: number };
  readonly servicesFreshness: { readonly eventsPerSecond: number; readonly seconds: number };
  readonly servicesQuery: { readonly events: number; readonly days: number; readonly seconds: number };
  readonly memory: { readonly events: number; readonly days: number };
  readonly recovery: { readonly events: number; readonly rounds: number };
  /** Events generated where the real data set is not there. */
  readonly importEvents: number;
};

export const FULL_SIZES: Sizes = {
  isQuick: false,
  pairs: 5,
  replay: { events: 2_000_000, days: 20 },
  kafkaReplay: { events: 3_000_000, days: 30 },
  recompute: { events: 10_000_000, days: 100 },
  incremental: { events: 4_000_000, days: 100 },
  recomputePostgres: { events: 1_000_000, days: 10 },
  query: { events: 500_000, days: 100, seconds: 4 },
  freshness: { eventsPerSecond: 5_000, seconds: 10 },
  servicesFreshness: { eventsPerSecond: 10_000, seconds: 15 },
  servicesQuery: { events: 500_000, days: 100, seconds: 8 },
  memory: { events: 10_000_000, days: 100 },
  recovery: { events: 100_000, rounds: 3 },
  importEvents: 541_909,
};

/** Small enough to see in a minute or two that everything works. Says nothing about speed. */
export const QUICK_SIZES: Sizes = {
  isQuick: true,
  pairs: 2,
  replay: { events: 100_000, days: 5 },
  kafkaReplay: { events: 100_000, days: 5 },
  recompute: { events: 100_000, days: 10 },
  incremental: { events: 100_000, days: 100 },
  recomputePostgres: { events: 50_000, days: 5 },
  query: { events: 20_000, days: 20, seconds: 1 },
  freshness: { eventsPerSecond: 1_000, seconds: 2 },
  servicesFreshness: { eventsPerSecond: 1_000, seconds: 2 },
  servicesQuery: { events: 20_000, days: 20, seconds: 2 },
  memory: { events: 100_000, days: 5 },
  recovery: { events: 2_000, rounds: 1 },
  importEvents: 20_000,
};
