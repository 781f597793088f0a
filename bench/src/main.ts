import { parseArgs } from 'node:util';
import type { Benchmark } from './benchmark.js';
import { freshness } from './freshness.bench.js';
import { describeMachine } from './harness/machine.js';
import { sectionOf, writeReport } from './harness/report.js';
import { openWorkplace } from './harness/workplace.js';
import { incremental } from './incremental.bench.js';
import { query } from './query.bench.js';
import { recompute } from './recompute.bench.js';
import { replay } from './replay.bench.js';
import { FULL_SIZES, QUICK_SIZES, type Sizes } from './sizes.js';

const BENCHMARKS: readonly Benchmark[] = [replay, recompute, incremental, query, freshness];
const RESULTS = new URL('../RESULTS.md', import.meta.url);
const NAMES = BENCHMARKS.map(({ name }) => name);
const HELP = `npm run bench -- [NAME …] [--quick]

Measures all benchmarks, or those named: ${NAMES.join(', ')}. Writes bench/RESULTS.md.
--quick  small sizes, to see that all works: the numbers say nothing, and are only printed`;

const { values, positionals } = parseArgs({
  options: { quick: { type: 'boolean', default: false }, help: { type: 'boolean', default: false } },
  allowPositionals: true,
});
const unknown = positionals.find((name) => !NAMES.includes(name));
if (values.help) console.log(HELP);
else if (unknown !== undefined) {
  console.error(`found the benchmark ${JSON.stringify(unknown)}; allowed are ${NAMES.join(', ')}`);
  process.exitCode = 1;
} else await runAll(values.quick ? QUICK_SIZES : FULL_SIZES);

async function runAll(sizes: Sizes): Promise<void> {
  const chosen = BENCHMARKS.filter(({ name }) => positionals.length === 0 || positionals.includes(name));
  const facts = describeMachine();
  const sections = new Map<string, string>();
  for (const benchmark of chosen) {
    const section = sectionOf(benchmark, await runOne(benchmark, sizes), facts);
    console.log(sizes.isQuick ? `\nQUICK: small sizes, no measurement\n${section}` : `\n${section}`);
    sections.set(benchmark.name, section);
    // After each, so that a run that is broken off leaves what it has measured.
    if (!sizes.isQuick) await writeReport(RESULTS, NAMES, sections);
  }
}

async function runOne(benchmark: Benchmark, sizes: Sizes) {
  const startMs = performance.now();
  const say = (line: string) =>
    console.error(`${((performance.now() - startMs) / 1000).toFixed(0).padStart(5)} s  ${benchmark.name}: ${line}`);
  const place = await openWorkplace();
  const leave = () => void place.close().finally(() => process.exit(130));
  process.once('SIGINT', leave);
  process.once('SIGTERM', leave);
  try {
    return await benchmark.run({ sizes, place, say });
  } finally {
    process.off('SIGINT', leave);
    process.off('SIGTERM', leave);
    await place.close();
  }
}
