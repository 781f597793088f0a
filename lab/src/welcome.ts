import { setTimeout as sleep } from 'node:timers/promises';
import type { LabConfig } from './config.js';

const POLL_MS = 50;

/** Asks /ready until it says yes. False when `ended` resolves before. */
export async function untilReady(url: string, ended: Promise<void>): Promise<boolean> {
  let hasEnded = false;
  void ended.then(() => {
    hasEnded = true;
  });
  while (!hasEnded) {
    const answer = await fetch(new URL('/ready', url)).catch(() => undefined);
    await answer?.body?.cancel();
    if (answer?.ok) return true;
    await sleep(POLL_MS);
  }
  return false;
}

/** What to try first. */
export function welcome(url: string, { API_TOKEN }: Pick<LabConfig, 'API_TOKEN'>): string {
  const base = url.replace(/\/$/, '');
  const lines = [
    'Ready. Try, in another terminal:',
    '',
    `  curl '${base}/metrics/revenue?group_by=category'`,
    `  npm run batch -- --url ${base} && curl '${base}/compare/revenue?group_by=category'`,
    `  npm run import -- online-retail FILE --url ${base}`,
    '',
    ...(API_TOKEN === undefined ? [] : ['Set API_TOKEN there too: writing asks for it.']),
    'Ctrl-C ends it.',
  ];
  return lines.join('\n');
}
