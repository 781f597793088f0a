import type { EmbeddedPostgres } from '../embedded-postgres/start-embedded-postgres.js';

/** What setup starts and teardown stops: both run in Jest's own process and share this module. */
export const testPostgres: { server?: EmbeddedPostgres; dataFolder?: string } = {};
