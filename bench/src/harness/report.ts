import { readFile, writeFile } from 'node:fs/promises';
import type { Benchmark, Outcome, Row } from '../benchmark.js';
import { formatGoal, formatSpread, verdictOf } from './format.js';

const PREAMBLE = `# What was measured

Ratios, each from pairs measured in turn within one run (ours, peer, ours, peer …) after one pair that warms up. Numbers are
medians with least and greatest value. The peers stand in \`bench/src/peers\`, as good as we could write them by hand.
\`npm run bench\` measures everything and writes this file, \`npm run bench -- replay\` one section of it.
`;

/** One section of the report. */
export function sectionOf(benchmark: Benchmark, outcome: Outcome, facts: string): string {
  const notes = (outcome.notes ?? []).map((note) => `- ${note}`);
  return [
    `## ${benchmark.name}: ${benchmark.title}`,
    '',
    `${outcome.sizes} \`npm run bench -- ${benchmark.name}\` on ${facts}.`,
    '',
    ...tableOf(outcome.rows),
    '',
    `What limits it: ${outcome.limits}`,
    ...(notes.length > 0 ? ['', ...notes] : []),
    '',
  ].join('\n');
}

function tableOf(rows: readonly Row[]): readonly string[] {
  return [
    '| what | ours | peer | ratio | aim | |',
    '|---|---|---|---|---|---|',
    ...rows.map((row) => {
      const { what, unit, ours, peer, ratio, goal } = row;
      const cells = [
        what,
        `${formatSpread(ours, unit)} ${unit}`,
        peer ? `${formatSpread(peer, unit)} ${unit}` : '',
        ratio ? formatSpread(ratio) : '',
        formatGoal(goal),
        verdictOf(row),
      ];
      return `| ${cells.join(' | ')} |`;
    }),
  ];
}

/** Puts sections into the report: those that were measured now replace the older ones of their name. */
export async function writeReport(file: URL, order: readonly string[], sections: ReadonlyMap<string, string>) {
  const all = new Map([...sectionsIn(await readFile(file, 'utf8').catch(() => '')), ...sections]);
  const known = order.flatMap((name) => all.get(name) ?? []);
  await writeFile(file, `${[PREAMBLE, ...known].join('\n').trimEnd()}\n`);
}

/** Sections by the name in their heading. */
export function sectionsIn(report: string): ReadonlyMap<string, string> {
  const parts = report.split(/^(?=## )/m).filter((part) => part.startsWith('## '));
  return new Map(parts.map((part) => [part.slice(3, part.indexOf(':')), `${part.trimEnd()}\n`]));
}
