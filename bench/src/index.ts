export type { Benchmark, Context, Outcome, Row } from './benchmark.js';
