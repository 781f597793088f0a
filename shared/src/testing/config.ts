/** The one thing a test run takes from the environment: a Postgres in which it may create databases. */
export function testPostgresUrl(): string {
  const url = process.env['TANDEM_TEST_POSTGRES_URL'];
  if (!url)
    throw new Error(
      'TANDEM_TEST_POSTGRES_URL is not set: start the tests with npm test, which starts a Postgres for them',
    );
  return url;
}
