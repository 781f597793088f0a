import { describeDeadLetters } from '../../testing/dead-letters.contract.js';
import { createTestDatabase } from '../../testing/test-database.js';
import { PostgresDeadLetters } from './postgres-dead-letters.js';

describeDeadLetters('those in Postgres', async () => {
  const { database, drop } = await createTestDatabase();
  return { deadLetters: new PostgresDeadLetters(database), close: drop };
});
