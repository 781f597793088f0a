import type { EventInput } from '@tandem/shared';
import { openPostgresEventLog, type PostgresEventLog } from '@tandem/shared/adapters/postgres/postgres-event-log';
import type { Benchmark } from './benchmark.js';
import { describeDurations, ENGINE, runBatch, runSeconds, startBatch } from './harness/batch-runs.js';
import { measurePairs, oursOverPeer } from './harness/pairs.js';
import { PARTITIONS } from './harness/workplace.js';
import { FIRST_DAY_MS } from './shop/shop-events.sql.js';
import { writeMasterDataset } from './shop/write-master-dataset.js';

const LATE_EVENTS = 100;
const MS_PER_DAY = 86_400_000;

/** A run after a few late events of one day in a hundred, against a full run: both whole, from cutting to published. */
export const incremental: Benchmark = {
  name: 'incremental',
  title: 'a run with 1 % of the days dirty against a full run',
  run: async ({ sizes, place, say }) => {
    const size = sizes.incremental;
    const opened = await place.makeDatabase('incremental');
    say(`writing ${size.events} events into a master dataset`);
    const dataset = await writeMasterDataset(await place.makeFolder('incremental'), opened.database, size);
    const batch = await startBatch(opened, dataset.folder);
    const log = openPostgresEventLog({ databaseUrl: opened.url, partitions: PARTITIONS });
    const steps: string[] = [];
    const run = async (mode: 'incremental' | 'full') => {
      await appendLateEvents(log, Math.floor(size.days / 2));
      const done = await runBatch(opened, mode);
      steps.push(`${mode} run over ${done.daysRecomputed} days: ${describeDurations(done)}.`);
      return runSeconds(done);
    };
    try {
      await run('full');
      const measured = await measurePairs({
        pairs: sizes.pairs,
        ours: () => run('incremental'),
        peer: () => run('full'),
        ratio: oursOverPeer,
        isWarmUpNeeded: false,
        say,
      });
      return {
        sizes: `${size.events.toLocaleString('en-US')} events of ${size.days} days, ${ENGINE.threads} threads and ${ENGINE.memoryLimit} for DuckDB; before each run ${LATE_EVENTS} late events of one day.`,
        rows: [{ what: 'incremental run; peer: full run', unit: 's', ...measured, goal: { atMost: 0.1 } }],
        notes: steps.slice(-2),
        limits:
          'whether a late value is new to all time: every file is verified, and its columns of ids are read once more.',
      };
    } finally {
      await log.close();
      await batch.stop();
    }
  },
};

let appended = 0;

/** New orders of one past day. */
async function appendLateEvents(log: PostgresEventLog, day: number): Promise<void> {
  const events = Array.from({ length: LATE_EVENTS }, (): EventInput & { order_id: string } => {
    const number = appended++;
    return {
      type: 'order_placed',
      event_id: `late-${number}`,
      occurred_at: new Date(FIRST_DAY_MS + day * MS_PER_DAY + (number % 86_400) * 1000).toISOString(),
      order_id: `late-order-${number}`,
      customer_id: `c-${number % 5000}`,
      category: 'books',
      amount: '9.99',
      country: 'France',
    };
  });
  await log.append(events.map((event) => ({ key: event.order_id, value: Buffer.from(JSON.stringify(event)) })));
}
