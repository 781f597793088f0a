import { decodeEvent, identityOf, type Metric } from '@tandem/shared';
import { type PositionedValue, readByOracle } from '@tandem/shared/testing/oracle';
import type { SeenAnswers, SeenPrefix, SentEvents } from './load.js';
import { below, gapsIn, type LogSource, readLogOf, textsByIdentity } from './log-content.js';
import { differences, offsetsOf } from './right-answers.js';
import { tenThousandthsOf } from './tandem-client.js';

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

/** What is wrong with the answers that readers saw: not what they rest on, runs that were never what they cover, numbers that went back. */
export async function seenFaults(source: LogSource, seen: SeenAnswers, revenue: Metric): Promise<readonly string[]> {
  const log = await readLogOf(source);
  const wrong = seen.runsToCheck().flatMap(([run, { offsets, batch }]) => {
    const { events } = readByOracle(below(log, offsetsOf(offsets)));
    return differences(`run ${run} as a reader saw it`, revenue, events, {}, batch);
  });
  return [...seen.faults, ...wrong, ...wrongPrefixes(log, seen.prefixesToCheck())];
}

/** Answers that are not the fold of the records that they say they rest on. Checks every one, so by sums of its own. */
function wrongPrefixes(log: readonly PositionedValue[], seen: readonly SeenPrefix[]): readonly string[] {
  const partitions = seen[0]?.below.map((_, partition) => log.filter((record) => record.partition === partition)) ?? [];
  const sums = partitions.map(sumsOf);
  return seen.flatMap(({ below, merged }) => {
    let [lines, gross] = [0n, 0n];
    below.forEach((end, partition) => {
      const upTo = sums[partition]?.[end] ?? { lines: 0n, gross: 0n };
      lines += upTo.lines;
      gross += upTo.gross;
    });
    const found = [BigInt(merged['line_items'] ?? -1), tenThousandthsOf(merged['gross'] ?? -1)];
    return found[0] === lines && found[1] === gross
      ? []
      : [
          `an answer from records below ${below} had ${found[0]} line items of ${found[1]}, expected ${lines} of ${gross}`,
        ];
  });
}

type Sums = { readonly lines: bigint; readonly gross: bigint };

/** By how many records of one partition, from offset 0, are counted: all copies of an event lie in one partition. */
function sumsOf(records: readonly PositionedValue[]): readonly Sums[] {
  const counted = new Set<string>();
  let sums: Sums = { lines: 0n, gross: 0n };
  return [
    sums,
    ...records.map(({ value }) => {
      const decoded = decodeEvent(value);
      if ('refusal' in decoded || counted.has(identityOf(decoded.event))) return sums;
      counted.add(identityOf(decoded.event));
      if (decoded.event.type !== 'order_placed') return sums;
      sums = { lines: sums.lines + 1n, gross: sums.gross + BigInt(decoded.event.amount) };
      return sums;
    }),
  ];
}
