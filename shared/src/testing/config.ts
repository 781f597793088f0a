/** What a test run takes from the environment: a Postgres in which it may create databases… */
export function testPostgresUrl(): string {
  return required('TANDEM_TEST_POSTGRES_URL', 'start the tests with npm test, which starts a Postgres for them');
}

/** …and for specs that end in `.svc.spec.ts` a Kafka, host:port separated by commas, … */
export function testKafkaBrokers(): readonly string[] {
  return required('TANDEM_TEST_KAFKA_BROKERS', SERVICES_HINT).split(',');
}

/** …and a Redis. */
export function testRedisUrl(): string {
  return required('TANDEM_TEST_REDIS_URL', SERVICES_HINT);
}

const SERVICES_HINT = 'start them with npm run test:services, which starts real services for them';

function required(name: string, hint: string): string {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set: ${hint}`);
  return value;
}
