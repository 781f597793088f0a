import type { Logger } from '../logger.js';
import type { DeadLetters } from '../ports/dead-letters.js';
import type { KafkaTopic } from './connections.js';
import { openKafkaDeadLetters } from './kafka/kafka-dead-letters.js';
import type { Database } from './postgres/database.js';
import { PostgresDeadLetters } from './postgres/postgres-dead-letters.js';

export type OpenDeadLettersOptions = {
  /** Null: the log lies in tables of Postgres, and so do its dead letters. */
  readonly kafka: KafkaTopic | null;
  /** A migrated Postgres: every dead letter is listed there, wherever else it is kept. */
  readonly database: Database;
  readonly logger: Logger;
};

/** Opens where a layer that reads the log keeps the records that are no events. Throws `unavailable`, `configuration-invalid`. */
export async function openDeadLetters({ kafka, database, logger }: OpenDeadLettersOptions): Promise<DeadLetters> {
  const listed = new PostgresDeadLetters(database);
  return kafka === null ? listed : openKafkaDeadLetters({ ...kafka, listed, logger });
}
