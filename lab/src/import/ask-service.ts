const ANSWER_TIMEOUT_MS = 5_000;

/** The JSON that the service at an address answers to a GET, like "ledger". Throws what says why there is none. */
export async function askService(url: URL, path: string): Promise<unknown> {
  const address = new URL(path, url.href.endsWith('/') ? url : `${url.href}/`);
  const response = await fetch(address, { signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS) });
  if (!response.ok) throw new Error(`GET /${path} answered ${response.status}`);
  return response.json();
}
