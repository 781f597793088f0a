import { setTimeout as sleep } from 'node:timers/promises';
import type { EventInput } from '@tandem/shared';
import type { SentEvents } from './load.js';
import type { Reply, TandemClient } from './tandem-client.js';

/** Asks everything that the API answers while a part of Tandem is away, and judges how. */

export type Request = {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly body?: string;
  /** Whether it needs what is away: then it may be put off. */
  readonly mayBePutOff: boolean;
  readonly onAccepted?: () => void;
};
export type Asked = { readonly request: Request; readonly reply: Reply; readonly ms: number };

const PAUSE_MS = 100;
const EVENT: EventInput = {
  type: 'ticket_opened',
  event_id: 'while-a-part-is-away',
  occurred_at: '2026-01-01T00:00:00.000Z',
  ticket_id: 'while-a-part-is-away',
  customer_id: null,
  priority: 'high',
};

export const READS: readonly Request[] = [
  '/metrics/revenue',
  '/metrics/tickets?layer=batch&group_by=priority',
  '/metrics/revenue?layer=speed',
  '/compare/revenue',
  '/ledger',
  '/dead-letters',
  '/batch/runs',
  '/batch/runs/1',
  '/ready',
].map((path) => ({ method: 'GET', path, mayBePutOff: true }));
export const START: Request = { method: 'POST', path: '/batch/runs', mayBePutOff: true };
export const ROLLBACK: Request = { method: 'POST', path: '/batch/rollback', mayBePutOff: true };

/** One event, which must be accepted whenever it is sent. */
export function ingestOf(sent: SentEvents): Request {
  sent.add(EVENT);
  const onAccepted = () => sent.acknowledge([EVENT]);
  return { method: 'POST', path: '/events', body: JSON.stringify(EVENT), mayBePutOff: false, onAccepted };
}

/** Sends all of them again and again, each as soon as it was answered, until `isOver`. */
export async function askAll(
  requests: readonly Request[],
  client: TandemClient,
  isOver: () => boolean,
): Promise<readonly Asked[]> {
  const asked: Asked[] = [];
  const goOn = async (request: Request) => {
    while (!isOver()) {
      asked.push(await ask(request, client));
      await sleep(PAUSE_MS);
    }
  };
  await Promise.all(requests.map(goOn));
  return asked;
}

async function ask(request: Request, client: TandemClient): Promise<Asked> {
  const { method, path, body, onAccepted } = request;
  const startedAt = performance.now();
  const reply = await client.send(method, path, body, body && 'application/json');
  if (reply.status === 202) onAccepted?.();
  return { request, reply, ms: performance.now() - startedAt };
}

/** Answers that came late, or neither took what was asked nor put it off with a time after which to ask again. */
export function answersAmiss(asked: readonly Asked[], deadlineMs: number): readonly string[] {
  const amiss = asked.filter(({ request, reply: { status, headers }, ms }) => {
    const isPutOff = request.mayBePutOff && status === 503 && Number(headers.get('retry-after')) > 0;
    return ms > deadlineMs || !(isPutOff || status === 200 || status === 202);
  });
  return amiss.map(({ request: { method, path }, reply: { status, headers, text }, ms }) => {
    const after = `after ${Math.round(ms)} ms, Retry-After ${headers.get('retry-after')}`;
    return `${method} ${path}: found HTTP ${status} ${after}: ${text.slice(0, 300)}`;
  });
}
