import { setTimeout as sleep } from 'node:timers/promises';
import { coldReason, loadMetrics, TandemError } from '@tandem/shared';
import { MemoryRealtimeViewStore } from '@tandem/shared/adapters/memory/memory-realtime-view-store';
import { PostgresDeadLetters } from '@tandem/shared/adapters/postgres/postgres-dead-letters';
import { openPostgresEventLog } from '@tandem/shared/adapters/postgres/postgres-event-log';
import { PostgresRunStore } from '@tandem/shared/adapters/postgres/postgres-run-store';
import { speedConfigSchema, startSpeedLayer } from '@tandem/speed-layer';
import type { Benchmark } from './benchmark.js';
import { measurePairs, oursOverPeer, secondsOf } from './harness/pairs.js';
import { type OpenDatabase, PARTITIONS, type Workplace } from './harness/workplace.js';
import { copyAndParse } from './peers/copy-and-parse.js';
import { fillLog } from './shop/fill-log.js';

const POLL_MS = 5;

/** The speed layer reading the whole log into a new realtime view, against a bare COPY out with JSON.parse. */
export const replay: Benchmark = {
  name: 'replay',
  title: 'the log into the realtime view',
  run: async ({ sizes, place, say }) => {
    const { events } = sizes.replay;
    const opened = await place.makeDatabase('replay');
    say(`writing ${events} events into the log`);
    await fillLog(place, opened.database, sizes.replay);
    const measured = await measurePairs({
      pairs: sizes.pairs,
      ours: async () => events / (await secondsOf(() => replayOnce(place, opened, events))),
      peer: async () => events / (await secondsOf(() => copyAndParse(opened.database))),
      ratio: oursOverPeer,
      say,
    });
    return {
      sizes: `${events.toLocaleString('en-US')} records of ${sizes.replay.days} days, 1 % of them copies, ${await valueBytes(opened)} bytes each on average.`,
      rows: [
        {
          what: 'read, decode, validate, deduplicate, fold, sketch; peer: binary COPY out and JSON.parse',
          unit: 'records/s',
          ...measured,
          goal: { atLeast: 0.7 },
        },
      ],
      limits:
        'one thread of Node, about 7 µs of processor time a record. The aim leaves 3.2 µs, of which reading and JSON.parse take 2. By profile: garbage of decoded events 15 %, hashes for the two sketches 14 %, duplicate window 11 %, decoding 11 %, merging each stretch into the view 6 %. More would need a second thread.',
    };
  },
};

/** Starts a speed layer on a new view and waits until it has caught up. Throws when what it read is not all there is. */
async function replayOnce(place: Workplace, { url, database }: OpenDatabase, events: number): Promise<void> {
  const { logger } = place;
  const metrics = await loadMetrics();
  const log = openPostgresEventLog({ databaseUrl: url, partitions: PARTITIONS, logger });
  const store = new MemoryRealtimeViewStore(PARTITIONS);
  const config = speedConfigSchema.parse({ SPEED_MAX_CELLS: 100_000_000 });
  const speed = await startSpeedLayer({
    log,
    runs: new PostgresRunStore(database, logger),
    store,
    deadLetters: new PostgresDeadLetters(database),
    metrics,
    config,
    logger,
  });
  while (coldReason(await store.view()) !== null) await sleep(POLL_MS);
  const applied = (await store.view()).partitions.reduce((sum, partition) => sum + partition.applied, 0);
  await speed.stop();
  await log.close();
  if (applied !== events) throw new TandemError('internal', `found ${applied} records applied; expected ${events}`);
}

async function valueBytes({ database }: OpenDatabase): Promise<number> {
  const { rows } = await database.query<{ bytes: string }>(
    'SELECT round(avg(length(value))) AS bytes FROM tandem.log_record',
  );
  return Number(rows[0]?.bytes);
}
