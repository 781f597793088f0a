import { messageOf, type RunMode, TandemError } from '@tandem/shared';
import type { RunReport } from './run-report.js';

/** A running Tandem, asked over HTTP. */
export type RemoteRuns = {
  /** Asks for a run and returns its id. Throws `conflict`, naming the active run, or `unavailable` when nothing listens there. */
  request(mode: RunMode): Promise<number>;
  look(id: number): Promise<RunReport>;
};

const REQUEST_TIMEOUT_MS = 30_000;

export function remoteRuns(base: URL, token: string | undefined): RemoteRuns {
  const authorization: Record<string, string> = token === undefined ? {} : { authorization: `Bearer ${token}` };
  return {
    request: async (mode) => {
      const headers = { ...authorization, 'content-type': 'application/json' };
      const init = { method: 'POST', body: JSON.stringify({ mode }), headers };
      return ((await ask(base, 'batch/runs', init)) as { id: number }).id;
    },
    look: async (id) => (await ask(base, `batch/runs/${id}`, {})) as RunReport,
  };
}

async function ask(base: URL, path: string, init: RequestInit): Promise<unknown> {
  const address = new URL(path, base.href.endsWith('/') ? base.href : `${base.href}/`);
  const response = await fetch(address, { ...init, signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS) }).catch((error) => {
    throw unreachable(base, error);
  });
  const text = await response.text();
  if (response.ok) return JSON.parse(text);
  throw refused(address, response.status, text);
}

function unreachable(base: URL, error: unknown): TandemError {
  const cause = (error as { cause?: { code?: string } }).cause;
  return new TandemError('unavailable', `found no Tandem at ${base.href}: ${messageOf(cause ?? error)}`, {
    cause: error,
    facts: { nothingListens: cause?.code === 'ECONNREFUSED' },
  });
}

function refused(address: URL, status: number, text: string): TandemError {
  const facts = { status };
  const detail = detailOf(text);
  if (status === 409) return new TandemError('conflict', `No run was started: ${detail}`, { facts });
  if (status === 401)
    return new TandemError('unauthorized', `${detail}; give the token by --token or API_TOKEN`, { facts });
  return new TandemError('request-invalid', `${address.href}: found HTTP ${status}: ${detail}`, { facts });
}

/** The sentence in a problem document; the text itself where it is none. */
function detailOf(text: string): string {
  try {
    return String((JSON.parse(text) as { detail?: unknown }).detail ?? text);
  } catch {
    return text.slice(0, 300);
  }
}
