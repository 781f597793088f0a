import { withDatabaseAt } from './log-content.js';
import type { RunningProgram } from './tandem-process.js';

/** What became of runs: as Postgres remembers them, and as the batch processes said. */

const OVERLAPS_SQL = `
  SELECT 'run ' || b.id || ' began before run ' || a.id || ' had ended' AS overlap
  FROM tandem.batch_run a JOIN tandem.batch_run b ON b.id > a.id AND b.started_at < a.finished_at`;

/** Runs that began before one before them had ended, by the clock of Postgres; none is right. */
export async function overlaps(databaseUrl: string): Promise<readonly string[]> {
  const { rows } = await withDatabaseAt(databaseUrl, (database) => database.query<{ overlap: string }>(OVERLAPS_SQL));
  return rows.map(({ overlap }) => overlap);
}

/** How a batch process says that it ended a run: `run published`, `run failed`, or nothing. */
export function endingsSaid({ output }: RunningProgram, run: number): readonly string[] {
  const lines = output.split('\n').filter((line) => line.includes(`"run":${run},`));
  return lines.flatMap((line) => /run (published|failed)/.exec(line)?.[0] ?? []);
}
