/** What a test run takes from the environment: a Postgres in which it may create databases… */
export function testPostgresUrl(): string {
  return required('TANDEM_TEST_POSTGRES_URL', 'start the tests with npm test, which starts a Postgres for them');
}

/** …and for specs that end in `.svc.spec.ts` a Kafka, host:port separated by commas, … */
export function testKafkaBrokers(): readonly string[] {
  return required('TANDEM_TEST_KAFKA_BROKERS', servicesHint()).split(',');
}

/** …and a Redis. */
export function testRedisUrl(): string {
  return required('TANDEM_TEST_REDIS_URL', servicesHint());
}

/** Where a service did not start, the start of the tests has left the reason. */
function servicesHint(): string {
  const reason = process.env['TANDEM_TEST_SERVICES_MISSING'];
  return reason ?? 'start the tests with npm run test:services, which starts real services for them';
}

function required(name: string, hint: string): string {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set: ${hint}`);
  return value;
}
