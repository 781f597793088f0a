import type { Logger } from '../logger.js';
import type { EventLog } from '../ports/event-log.js';
import type { KafkaTopic } from './connections.js';
import { openKafkaEventLog } from './kafka/kafka-event-log.js';
import type { Database } from './postgres/database.js';
import { bindLog } from './postgres/identity.js';
import { drawFirstMarks, newestMarks } from './postgres/log-witness.js';
import { openPostgresEventLog } from './postgres/postgres-event-log.js';
import { ProvenLog } from './proven-log.js';

export type OpenEventLogOptions = {
  /** Null: the log lies in tables of Postgres. */
  readonly kafka: KafkaTopic | null;
  /** A migrated Postgres. */
  readonly databaseUrl: string;
  readonly database: Database;
  readonly partitions: number;
  readonly logger: Logger;
};

/**
 * Opens the log, and makes sure that it is the one that the database belongs to: by its name at once, by what it holds
 * from then on. Throws `configuration-invalid` when its name is another, `unavailable` when it cannot be reached.
 */
export async function openEventLog(options: OpenEventLogOptions): Promise<EventLog> {
  const { kafka, databaseUrl, database, partitions, logger } = options;
  if (kafka === null) {
    await bindLog(database, 'tables of this database');
    return prove(openPostgresEventLog({ databaseUrl, partitions, logger }), options);
  }
  const log = await openKafkaEventLog({ ...kafka, partitions, logger });
  try {
    await bindLog(database, log.identity);
    await drawFirstMarks(database, log);
    return await prove(log, options);
  } catch (error) {
    await log.close();
    throw error;
  }
}

function prove(log: EventLog, { database, logger }: OpenEventLogOptions): Promise<ProvenLog> {
  return ProvenLog.open(log, () => newestMarks(database), logger);
}
