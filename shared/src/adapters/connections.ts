import { z } from 'zod';
import { TandemError } from '../errors.js';
import type { KafkaConnection } from './kafka/kafka-client.js';

const BROKER = /^[^\s,:]+:\d{1,5}$/;

/** Where the parts are that layers in different processes share. One that is not set is embedded, where that is possible. */
export const connectionSchema = z.object({
  POSTGRES_URL: z
    .url({
      protocol: /^postgres(ql)?$/,
      error: 'set it to the Postgres that all layers share, like postgres://user@host:5432/database',
    })
    .optional(),
  /** host:port, several separated by commas. */
  KAFKA_BROKERS: z
    .string()
    .transform((text) => text.split(',').map((broker) => broker.trim()))
    .pipe(z.array(z.string().regex(BROKER, { error: 'allowed is host:port, several separated by commas' })).min(1))
    .optional(),
  /** The topic that is the log; made with LOG_PARTITIONS partitions if it is missing. */
  KAFKA_TOPIC: z
    .string()
    .regex(/^[\w.-]{1,200}$/, { error: 'allowed are letters, digits, ".", "_" and "-", at most 200' })
    .default('tandem.events'),
  /** How long the brokers keep records, in milliseconds; -1 for ever. Only for a topic that is made here. */
  KAFKA_RETENTION_MS: z.coerce
    .number({ error: 'allowed are milliseconds, or -1 for ever' })
    .int()
    .min(-1, { error: 'allowed are milliseconds, or -1 for ever' })
    .default(-1),
  /** Copies of each record; -1 for the cluster's own default. Only for a topic that is made here. */
  KAFKA_REPLICAS: z.coerce.number({ error: 'allowed is a whole number, or -1' }).int().min(-1).max(100).default(-1),
  /** A speed worker that the brokers have not heard of for so long loses its partitions. */
  KAFKA_SESSION_TIMEOUT_MS: z.coerce
    .number({ error: 'allowed are milliseconds' })
    .int()
    .min(1_000)
    .max(300_000)
    .default(10_000),
  KAFKA_TLS: z.enum(['true', 'false'], { error: 'allowed are true and false' }).default('false'),
  KAFKA_SASL_MECHANISM: z
    .enum(['plain', 'scram-sha-256', 'scram-sha-512'], { error: 'allowed are plain, scram-sha-256, scram-sha-512' })
    .optional(),
  KAFKA_SASL_USERNAME: z.string().optional(),
  KAFKA_SASL_PASSWORD: z.string().optional(),
  /** Holds the realtime view; `rediss:` for TLS. */
  REDIS_URL: z
    .url({ protocol: /^rediss?$/, error: 'set it to the Redis that the layers share, like redis://host:6379' })
    .optional(),
});

export type Connections = Readonly<z.output<typeof connectionSchema>>;
export type SharedConnections = {
  readonly POSTGRES_URL: string;
  readonly KAFKA_BROKERS: readonly string[];
  readonly REDIS_URL: string;
};

const SHARED = ['POSTGRES_URL', 'KAFKA_BROKERS', 'REDIS_URL'] as const;

/** Throws `configuration-invalid` unless all is set that layers in processes of their own have to share. */
export function requireShared<Config extends Connections>(room: string, config: Config): Config & SharedConnections {
  const missing = SHARED.filter((name) => config[name] === undefined);
  if (missing.length === 0) return config as Config & SharedConnections;
  throw new TandemError(
    'configuration-invalid',
    `${missing.join(', ')}: found nothing; the ${room} as a process of its own needs ${SHARED.join(', ')}, which it shares with the other layers. Set them (npm run services starts all three and prints them), or run npm start, which needs none`,
  );
}

/** How to reach Kafka, as plain data; null when the log is embedded. Throws `configuration-invalid` for half a login. */
export function kafkaConnectionOf(config: Connections): KafkaTopic | null {
  const { KAFKA_BROKERS, KAFKA_SASL_MECHANISM: mechanism } = config;
  if (!KAFKA_BROKERS) return null;
  return {
    brokers: KAFKA_BROKERS,
    topic: config.KAFKA_TOPIC,
    retentionMs: config.KAFKA_RETENTION_MS,
    replicas: config.KAFKA_REPLICAS,
    sessionTimeoutMs: config.KAFKA_SESSION_TIMEOUT_MS,
    tls: config.KAFKA_TLS === 'true',
    ...(mechanism ? { sasl: { mechanism, ...loginOf(config) } } : {}),
  };
}

/** The topic that is the log, and how to reach it. */
export type KafkaTopic = Omit<KafkaConnection, 'logger'> & {
  readonly topic: string;
  readonly retentionMs: number;
  readonly replicas: number;
  readonly sessionTimeoutMs: number;
};

function loginOf({ KAFKA_SASL_USERNAME: username, KAFKA_SASL_PASSWORD: password }: Connections) {
  if (username !== undefined && password !== undefined) return { username, password };
  const missing = username === undefined ? 'KAFKA_SASL_USERNAME' : 'KAFKA_SASL_PASSWORD';
  throw new TandemError('configuration-invalid', `${missing}: found nothing; KAFKA_SASL_MECHANISM needs it`);
}
