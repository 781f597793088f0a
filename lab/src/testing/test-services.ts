import type { EmbeddedPostgres } from '../embedded-postgres/start-embedded-postgres.js';
import type { Service } from '../services/service.js';

/** What setup starts and teardown stops: both run in Jest's own process and share this module. */
export const testServices: {
  postgres?: EmbeddedPostgres;
  dataFolder?: string;
  kafka?: Service;
  redis?: Service;
  folder?: string;
} = {};
