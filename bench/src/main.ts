import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { messageOf } from '@tandem/shared';
import type { Benchmark, Outcome } from './benchmark.js';
import { freshness } from './freshness.bench.js';
import { describeMachine } from './harness/machine.js';
import { sectionOf, writeReport } from './harness/report.js';
import { openWorkplace } from './harness/workplace.js';
import { importing } from './import.bench.js';
import { incremental } from './incremental.bench.js';
import { kafkaReplay } from './kafka-replay.bench.js';
import { memory } from './memory.bench.js';
import { query } from './query.bench.js';
import { recompute } from './recompute.bench.js';
import { recovery } from './recovery.bench.js';
import { replay } from './replay.bench.js';
import { servicesFreshness } from './services-freshness.bench.js';
import { servicesQuery } from './services-query.bench.js';
import { FULL_SIZES, QUICK_SIZES, type Sizes } from './sizes.js';

const BENCHMARKS: readonly Benchmark[] = [
  replay,
  kafkaReplay,
  recompute,
  incremental,
  query,
  servicesQuery,
  freshness,
  servicesFreshness,
  memory,
  recovery,
  importing,
];
const RESULTS = new URL('../RESULTS.md', import.meta.url);
const NAMES = BENCHMARKS.map(({ name }) => name);
const INTERRUPTED = 130;
const HELP = `npm run bench -- [NAME …] [--quick]

Measures all benchmarks, or those named: ${NAMES.join(', ')}. Writes bench/RESULTS.md.
--quick  small sizes, to see that all works: the numbers say nothing, and are only printed`;

/** Runs `npm run bench` with the arguments after its name; resolves with the exit code, having said what was wrong. */
export async function main(argv: readonly string[]): Promise<number> {
  try {
    const { values, positionals } = parseArgs({
      args: [...argv],
      options: { quick: { type: 'boolean', default: false }, help: { type: 'boolean', default: false } },
      allowPositionals: true,
    });
    const unknown = positionals.find((name) => !NAMES.includes(name));
    if (unknown !== undefined) throw new Error(`found ${JSON.stringify(unknown)}; allowed are ${NAMES.join(', ')}`);
    if (values.help) console.log(HELP);
    else await runAll(positionals, values.quick ? QUICK_SIZES : FULL_SIZES);
    return 0;
  } catch (error) {
    console.error(`bench: ${messageOf(error)}`);
    return 1;
  }
}

async function runAll(chosen: readonly string[], sizes: Sizes): Promise<void> {
  const facts = describeMachine();
  const sections = new Map<string, string>();
  for (const benchmark of BENCHMARKS) {
    if (chosen.length > 0 && !chosen.includes(benchmark.name)) continue;
    const section = sectionOf(benchmark, await runOne(benchmark, sizes), facts);
    console.log(sizes.isQuick ? `\nQUICK: small sizes, no measurement\n${section}` : `\n${section}`);
    sections.set(benchmark.name, section);
    // After each, so that a run that is broken off leaves what it has measured.
    if (!sizes.isQuick) await writeReport(RESULTS, NAMES, sections);
  }
}

async function runOne(benchmark: Benchmark, sizes: Sizes): Promise<Outcome> {
  const startMs = performance.now();
  const say = (line: string) =>
    console.error(`${((performance.now() - startMs) / 1000).toFixed(0).padStart(5)} s  ${benchmark.name}: ${line}`);
  const place = await openWorkplace();
  const leave = () => void place.close().finally(() => process.exit(INTERRUPTED));
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

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) process.exit(await main(process.argv.slice(2)));
