const URL_KEY = 'TANDEM_TEST_POSTGRES_URL';

/** A Postgres that the caller of the tests brings along. */
export function givenTestPostgresUrl(): string | undefined {
  return process.env[URL_KEY] || undefined;
}

/** Jest's workers inherit it. */
export function setTestPostgresUrl(url: string): void {
  process.env[URL_KEY] = url;
}
