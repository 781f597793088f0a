import kafkajs, { type Kafka, type KafkaConfig, type SASLOptions } from 'kafkajs';
import { messageOf, TandemError } from '../../errors.js';
import type { Logger } from '../../logger.js';
import { installCodecs } from './codecs.js';

/** How the brokers are reached. */
export type KafkaConnection = {
  /** host:port, at least one. */
  readonly brokers: readonly string[];
  readonly tls?: boolean;
  readonly sasl?: {
    readonly mechanism: 'plain' | 'scram-sha-256' | 'scram-sha-512';
    readonly username: string;
    readonly password: string;
  };
  readonly logger?: Logger | undefined;
};

/**
 * Short waits and very many of them: with the library's own a consumer crashes 15 s after its broker, and a send fails.
 * What a caller waits for has a deadline of its own (see withinDeadline).
 */
const PATIENT = { initialRetryTime: 100, maxRetryTime: 1_000, multiplier: 1.5, retries: 1_000_000 };
const CONNECT_TIMEOUT_MS = 1_000;
const REQUEST_TIMEOUT_MS = 10_000;

/** A client. One that should not knock for ever at brokers that are not there is told after how long to give up, about. */
export function connectTo(connection: KafkaConnection, name: string, giveUpAfterMs?: number): Kafka {
  installCodecs();
  const { brokers, tls = false, sasl, logger } = connection;
  const retries = giveUpAfterMs === undefined ? PATIENT.retries : Math.ceil(giveUpAfterMs / PATIENT.maxRetryTime);
  const config: KafkaConfig = {
    clientId: `tandem ${name}`.replaceAll(' ', '-'),
    brokers: [...brokers],
    ssl: tls,
    connectionTimeout: CONNECT_TIMEOUT_MS,
    requestTimeout: REQUEST_TIMEOUT_MS,
    retry: { ...PATIENT, retries },
    logLevel: kafkajs.logLevel.ERROR,
    // What the library calls an error is mostly a broker that is away for a moment: not ours to raise an alarm for.
    logCreator:
      () =>
      ({ log }) =>
        logger?.debug({ ...log }, `kafka: ${log.message}`),
  };
  return new kafkajs.Kafka(sasl ? { ...config, sasl: sasl as SASLOptions } : config);
}

/** Resolves as `work` does, or throws `unavailable` after `deadlineMs`: the outcome is then unknown. */
export async function withinDeadline<Result>(what: string, deadlineMs: number, work: Promise<Result>): Promise<Result> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    const message = `Kafka: ${what} took longer than ${deadlineMs} ms; try again: no broker may be reachable`;
    timer = setTimeout(() => reject(new TandemError('unavailable', message)), deadlineMs);
  });
  // Whoever gave up waiting does not care how it ends.
  work.catch(() => {});
  try {
    return await Promise.race([work, late]);
  } catch (error) {
    throw kafkaError(error);
  } finally {
    clearTimeout(timer);
  }
}

/** Errors that no further attempt will mend. */
const LASTING = /authentication|authorization|SASL|unsupported|invalid config|not implemented/i;

/** Turns an error of the client into ours: `unavailable` when trying again may help. */
export function kafkaError(error: unknown): TandemError {
  if (error instanceof TandemError) return error;
  const message = messageOf(error);
  const code = LASTING.test(message) ? 'configuration-invalid' : 'unavailable';
  return new TandemError(code, `Kafka: ${message}`, { cause: error });
}
