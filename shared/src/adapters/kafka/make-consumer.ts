import type { Consumer, Kafka } from 'kafkajs';

export type ConsumerOptions = {
  readonly kafka: Kafka;
  readonly partitions: number;
  readonly group: string;
  readonly sessionTimeoutMs: number;
  readonly rebalanceTimeoutMs: number;
};

const FETCH_WAIT_MS = 100;
/**
 * What one answer of a broker may hold, in all, and of one partition: even shares, or the first ones starve the last.
 * More at a time lives through the garbage collector's rounds, which costs more than asking more often.
 */
const FETCH_BYTES = 8 * 1024 * 1024;
const MAX_PARTITION_BYTES = 2 * 1024 * 1024;
const MIN_PARTITION_BYTES = 1024 * 1024;
const HEARTBEATS_PER_SESSION = 8;

export function heartbeatMsOf({ sessionTimeoutMs }: Pick<ConsumerOptions, 'sessionTimeoutMs'>): number {
  return Math.floor(sessionTimeoutMs / HEARTBEATS_PER_SESSION);
}

export function makeConsumer(options: ConsumerOptions): Consumer {
  const share = Math.floor(FETCH_BYTES / options.partitions);
  return options.kafka.consumer({
    groupId: options.group,
    sessionTimeout: options.sessionTimeoutMs,
    rebalanceTimeout: options.rebalanceTimeoutMs,
    heartbeatInterval: heartbeatMsOf(options),
    maxBytes: FETCH_BYTES,
    maxBytesPerPartition: Math.max(MIN_PARTITION_BYTES, Math.min(MAX_PARTITION_BYTES, share)),
    maxWaitTimeInMs: FETCH_WAIT_MS,
    allowAutoTopicCreation: false,
  });
}
