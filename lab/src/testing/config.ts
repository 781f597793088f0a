const POSTGRES = 'TANDEM_TEST_POSTGRES_URL';
const KAFKA = 'TANDEM_TEST_KAFKA_BROKERS';
const REDIS = 'TANDEM_TEST_REDIS_URL';

/** What the caller of the tests brings along. */
export function givenTestServices(): { postgres?: string; kafka?: string; redis?: string } {
  const { [POSTGRES]: postgres, [KAFKA]: kafka, [REDIS]: redis } = process.env;
  return { ...(postgres && { postgres }), ...(kafka && { kafka }), ...(redis && { redis }) };
}

/** Jest's workers inherit them. */
export function setTestServices({ postgres, kafka, redis }: ReturnType<typeof givenTestServices>): void {
  if (postgres) process.env[POSTGRES] = postgres;
  if (kafka) process.env[KAFKA] = kafka;
  if (redis) process.env[REDIS] = redis;
}

/** Why there is no Kafka or no Redis. */
export function setMissingServices(reason: string): void {
  process.env['TANDEM_TEST_SERVICES_MISSING'] = reason;
}

/** True when this run takes in specs of real services. */
export function needsServices(): boolean {
  return ['services', 'soak'].includes(process.env['TANDEM_TEST_SUITE'] ?? '');
}

/** What programs started by a test get from ours: enough to run Node, none of Tandem's settings. */
export function inheritedEnvironment(): Readonly<Record<string, string>> {
  const names = ['PATH', 'HOME', 'TMPDIR', 'LANG', 'SystemRoot', 'JAVA_HOME'];
  return Object.fromEntries(names.flatMap((name) => (process.env[name] ? [[name, process.env[name]]] : [])));
}
