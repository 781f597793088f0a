const URL_KEY = 'TANDEM_TEST_POSTGRES_URL';

/** A Postgres that the caller of the tests brings along. */
export function givenTestPostgresUrl(): string | undefined {
  return process.env[URL_KEY] || undefined;
}

/** Jest's workers inherit it. */
export function setTestPostgresUrl(url: string): void {
  process.env[URL_KEY] = url;
}

/** What programs started by a test get from ours: enough to run Node, none of Tandem's settings. */
export function inheritedEnvironment(): Readonly<Record<string, string>> {
  const names = ['PATH', 'HOME', 'TMPDIR', 'LANG', 'SystemRoot'];
  return Object.fromEntries(names.flatMap((name) => (process.env[name] ? [[name, process.env[name]]] : [])));
}
