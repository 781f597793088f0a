import cliProgress from 'cli-progress';

/** Shows how far a long command has come: a bar on a terminal, a line now and then elsewhere. */
export interface Progress {
  /** `done` of `total` (bytes of a file, or events), and how many `rows` that were so far. */
  update(done: number, rows: number): void;
  stop(): void;
}

export type ProgressOptions = {
  readonly stream: NodeJS.WritableStream & { readonly isTTY?: boolean | undefined };
  readonly total: number;
  /** What is counted: "rows", "events". */
  readonly unit: string;
  readonly nowMs?: () => number;
};

const ROWS_PER_LINE = 100_000;

export function createProgress(options: ProgressOptions): Progress {
  return options.stream.isTTY ? barProgress(options) : lineProgress(options);
}

function barProgress({ stream, total, unit, nowMs = () => performance.now() }: ProgressOptions): Progress {
  const format = `{bar} {percentage} %  {rows} ${unit}  {rate}/s`;
  const bar = new cliProgress.SingleBar({ format, stream, hideCursor: true, barsize: 30 });
  const startMs = nowMs();
  bar.start(total, 0, { rows: 0, rate: 0 });
  return {
    update: (done, rows) =>
      bar.update(done, { rows: grouped(rows), rate: grouped(ratePerSecond(rows, nowMs() - startMs)) }),
    stop: () => bar.stop(),
  };
}

function lineProgress({ stream, total, unit, nowMs = () => performance.now() }: ProgressOptions): Progress {
  const startMs = nowMs();
  let nextRows = ROWS_PER_LINE;
  return {
    update: (done, rows) => {
      if (rows < nextRows) return;
      nextRows = rows - (rows % ROWS_PER_LINE) + ROWS_PER_LINE;
      const percentage = total > 0 ? Math.floor((100 * done) / total) : 100;
      stream.write(`${percentage} %  ${grouped(rows)} ${unit}  ${grouped(ratePerSecond(rows, nowMs() - startMs))}/s\n`);
    },
    stop: () => {},
  };
}

/** Rows per second, rounded; 0 before any time has passed. */
export function ratePerSecond(rows: number, elapsedMs: number): number {
  return elapsedMs > 0 ? Math.round((rows * 1000) / elapsedMs) : 0;
}

/** 541909 → "541,909". */
export function grouped(count: number): string {
  return count.toLocaleString('en-US');
}
