import type { Metric } from '@tandem/shared';
import { readByOracle } from '@tandem/shared/testing/oracle';
import type { SeenAnswers, SentEvents } from './load.js';
import { below, gapsIn, type LogSource, readLogOf, textsByIdentity } from './log-content.js';
import { differences, offsetsOf } from './right-answers.js';

/** What is wrong with the log after a fault: acknowledged events that are not in it, events that nobody sent, gaps. */
export async function logFaults(source: LogSource, sent: SentEvents): Promise<readonly string[]> {
  const log = await readLogOf(source);
  const texts = textsByIdentity(log);
  const lost = [...sent.acknowledged].filter((identity) => !texts.has(identity));
  const foreign = [...texts].filter(([identity, text]) => sent.texts.get(identity) !== text);
  return [
    ...lost.map((identity) => `acknowledged but not in the log: ${JSON.stringify(identity)}`),
    ...foreign.map(([, text]) => `in the log but never sent: ${text}`),
    ...gapsIn(log),
  ];
}

/** What is wrong with the answers that readers saw: runs that were never what they cover, numbers that went back. */
export async function seenFaults(source: LogSource, seen: SeenAnswers, revenue: Metric): Promise<readonly string[]> {
  const log = await readLogOf(source);
  const wrong = seen.runsToCheck().flatMap(([run, { offsets, batch }]) => {
    const { events } = readByOracle(below(log, offsetsOf(offsets)));
    return differences(`run ${run} as a reader saw it`, revenue, events, {}, batch);
  });
  return [...seen.faults, ...wrong];
}
