import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startKafka } from '@tandem/lab/services/kafka';
import { startPostgres } from '@tandem/lab/services/postgres';
import { startRedis } from '@tandem/lab/services/redis';
import { askRedis } from '@tandem/lab/testing/ask-redis';
import { ProcessesScene } from '@tandem/lab/testing/processes-scene';
import { sampleEvent } from '@tandem/lab/testing/sample-events';
import type { MetricAnswer } from '@tandem/lab/testing/tandem-client';
import type { Benchmark, Row } from './benchmark.js';
import { spreadOf } from './harness/spread.js';
import type { Workplace } from './harness/workplace.js';

/** As an operator has them; the scene's own are short, for tests. */
const DEFAULTS = {
  KAFKA_SESSION_TIMEOUT_MS: '10000',
  BATCH_LEASE_MS: '30000',
  SPEED_DROP_POLL_MS: '1000',
  LOG_LEVEL: 'warn',
};
const EVENTS_PER_POST = 1_000;
const NEW_EVENTS = 400;
const KAFKA_AWAY_MS = 10_000;
const POSTGRES_AWAY_MS = 3_000;
const POLL_MS = 10;
const DEADLINE_MS = 120_000;

/** What dies, in turn, and how long it takes from when it is back until all is as before. */
export const recovery: Benchmark = {
  name: 'recovery',
  title: 'after each part died, three processes on Kafka, Redis and Postgres',
  run: async (context) => {
    const { rounds, events } = context.sizes.recovery;
    const place = await openPlace(context.place);
    context.say(`posting ${events} events`);
    await place.post(events);
    await place.untilLagIsZero();
    const rows: Row[] = [];
    for (const [what, die] of deathsIn(place)) {
      const seconds: number[] = [];
      for (let round = 0; round < rounds; round++) seconds.push(await die());
      context.say(`${what}: ${seconds.map((took) => took.toFixed(2)).join(', ')} s`);
      rows.push({ what, unit: 's', ours: spreadOf(seconds) });
    }
    return {
      sizes: `${events.toLocaleString('en-US')} events above the boundary, ${rounds} times each; the session time-out is 10 s, Kafka is away for 10 s and Postgres for 3 s.`,
      rows,
      limits:
        'the time-out after which the broker gives the partitions of a dead member to another; for an emptied Redis, reading the log again; for Kafka, mostly the broker itself, which keeps the sessions from before it died.',
    };
  },
};

type Place = Awaited<ReturnType<typeof openPlace>>;

async function openPlace(workplace: Workplace) {
  const [kafka, redis, postgres] = [
    await startKafka({ folder: join(workplace.folder, 'kafka') }),
    await startRedis({ folder: join(workplace.folder, 'redis') }),
    await startPostgres({ folder: join(workplace.folder, 'postgres'), logger: workplace.logger }),
  ];
  for (const service of [kafka, redis, postgres]) workplace.atEnd(() => service.stop());
  const services = { brokers: kafka.brokers, redisUrl: redis.url, postgresUrl: postgres.url };
  const scene = await ProcessesScene.open({ ...services, seed: 1, settings: DEFAULTS });
  workplace.atEnd(() => scene.close());
  await scene.startAll();
  let posted = 0;
  const post = async (count: number) => {
    for (let left = count; left > 0; left -= EVENTS_PER_POST) {
      const length = Math.min(EVENTS_PER_POST, left);
      await scene.client.ingest(Array.from({ length }, () => sampleEvent(scene.random, 'recovery', posted++)));
    }
  };
  const untilLagIsZero = () =>
    until(async () => {
      const { status, body } = await scene.client.get('/metrics/revenue');
      return status === 200 && (body as MetricAnswer).freshness.speed_lag_events === 0;
    });
  const untilAnswered = () => until(async () => (await scene.client.get('/metrics/revenue')).status === 200);
  return { kafka, redis, postgres, scene, post, untilLagIsZero, untilAnswered };
}

/** Each lets something die and brings it back; resolves with the seconds from then on. */
function deathsIn(place: Place): readonly (readonly [what: string, die: () => Promise<number>])[] {
  const { kafka, redis, postgres, scene, post, untilLagIsZero, untilAnswered } = place;
  const speedIsBack = async () => {
    await scene.start('speed-layer');
    await post(NEW_EVENTS);
    await untilLagIsZero();
  };
  const newEventsAreVisible = async () => {
    await until(() => isAccepted(scene));
    await post(NEW_EVENTS);
    await untilLagIsZero();
  };
  const onceLagIsZero = async (die: () => Promise<number>) => {
    const seconds = await die();
    await untilLagIsZero();
    return seconds;
  };
  return [
    [
      'serving layer killed → ready',
      async () => {
        await scene.program('serving-layer').kill();
        return secondsOf(() => scene.start('serving-layer').then(() => scene.untilReady()));
      },
    ],
    [
      'speed layer told to end → lag zero',
      () =>
        scene
          .program('speed-layer')
          .stop()
          .then(() => secondsOf(speedIsBack)),
    ],
    [
      'speed layer killed → lag zero',
      () =>
        scene
          .program('speed-layer')
          .kill()
          .then(() => secondsOf(speedIsBack)),
    ],
    [
      'Redis emptied → answers',
      () => onceLagIsZero(() => askRedis(redis.url, 'FLUSHALL').then(() => secondsOf(untilAnswered))),
    ],
    ['Redis killed, back with its file → answers', () => onceLagIsZero(() => afterRestart(redis, 0, untilAnswered))],
    [
      'Kafka killed → events accepted',
      () => onceLagIsZero(() => afterRestart(kafka, KAFKA_AWAY_MS, () => until(() => isAccepted(scene)))),
    ],
    ['Kafka killed → new events visible, lag zero', () => afterRestart(kafka, KAFKA_AWAY_MS, newEventsAreVisible)],
    ['Postgres killed → answers', () => onceLagIsZero(() => afterRestart(postgres, POSTGRES_AWAY_MS, untilAnswered))],
  ];
}

type Killable = { kill(): Promise<void>; restart(): Promise<void> };

async function afterRestart(service: Killable, awayMs: number, untilWell: () => Promise<void>): Promise<number> {
  await service.kill();
  await sleep(awayMs);
  await service.restart();
  return secondsOf(untilWell);
}

async function isAccepted(scene: ProcessesScene): Promise<boolean> {
  const probe = { type: 'ticket_opened', event_id: 'probe', occurred_at: '2026-01-10T00:00:00Z', ticket_id: 'probe' };
  const reply = await scene.client.post('/events', [{ ...probe, customer_id: null, priority: 'high' }]);
  return reply.status === 202;
}

async function secondsOf(work: () => Promise<void>): Promise<number> {
  const startMs = performance.now();
  await work();
  return (performance.now() - startMs) / 1_000;
}

/** Asks again and again; whoever does not answer yet is asked once more. Throws after two minutes. */
async function until(isSo: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + DEADLINE_MS;
  while (!(await isSo().catch(() => false))) {
    if (performance.now() > deadline) throw new Error(`found no recovery within ${DEADLINE_MS / 1_000} s`);
    await sleep(POLL_MS);
  }
}
