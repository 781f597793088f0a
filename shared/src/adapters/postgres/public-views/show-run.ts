import { type PublicView, publicViewNames, type StoredViews } from '../../../batch-view/public-views.js';
import type { Transaction } from '../database.js';
import * as sql from '../sql/public-views.sql.js';
import { attempt, type Clock, type Run } from './attempt.js';
import { columnsKept, type Notice, nameTaken, notChanged, unknownDefinition } from './notice.js';
import { createView, type FoundView, findViews, type KeptColumns, replaceView, retireView } from './swap-view.js';
import { readRights } from './view-rights.js';

/** A run as the views show it. Run 0 knows no definitions: it is empty for every metric. */
export type RunToShow = { readonly id: number; readonly definitions: Readonly<Record<string, string>> | null };

type Wanted = {
  readonly metric: string;
  readonly hash: string;
  /** Null where no program has stored how to make them. */
  readonly views: readonly PublicView[] | null;
  readonly fingerprint: string | null;
  readonly isMade: boolean;
};

/** Stores how the views of a definition are made. What is stored already is replaced only by a program that has it. */
export async function storeDefinition(
  transaction: Transaction,
  { metric, hash, views }: StoredViews,
  has: 'has the definition' | 'only its views' = 'has the definition',
): Promise<void> {
  const text = has === 'has the definition' ? sql.STORE_DEFINITION_SQL : sql.STORE_NEW_DEFINITION_SQL;
  await transaction.query(text, [metric, hash, JSON.stringify(views)]);
}

/**
 * Lets the views that are of the run's definitions show it: no reader is waited for. The others show what they showed
 * until `swapViews` has given them the run's definition.
 */
export async function moveViews(transaction: Transaction, { id, definitions }: RunToShow): Promise<void> {
  if (definitions === null) await transaction.query(sql.MOVE_ALL_VIEWS_SQL, [id]);
  else await transaction.query(sql.MOVE_VIEWS_SQL, [id, JSON.stringify(definitions)]);
}

/** Leaves the views of metrics that a run does not know without rows: after a rollback, what came later does not hold. */
export async function emptyUnknownViews(transaction: Transaction, { definitions }: RunToShow): Promise<void> {
  if (definitions !== null) await transaction.query(sql.EMPTY_UNKNOWN_SQL, [JSON.stringify(definitions)]);
}

/**
 * Gives views the run's definitions where they have others, and makes those that are missing. All views of a metric
 * change together. A view that a reader holds, or that cannot be changed, stays as it is and shows what it showed; the
 * next call tries again. Readers are waited for no longer than the clock allows. Returns what the log should say.
 */
export async function swapViews(
  transaction: Transaction,
  { id, definitions }: RunToShow,
  clock: Clock,
): Promise<readonly Notice[]> {
  const wanted = (await transaction.query<Wanted>(sql.WANTED_SQL, [JSON.stringify(definitions ?? {})])).rows;
  const names = wanted.flatMap(({ metric }) => publicViewNames(metric));
  const found = await findViews(transaction, names);
  const notices: Notice[] = [];
  for (const each of wanted) notices.push(...(await swapMetric({ transaction, clock, found }, each, id)));
  return notices;
}

type Work = {
  readonly transaction: Transaction;
  readonly clock: Clock;
  readonly found: ReadonlyMap<string, FoundView>;
};

async function swapMetric(work: Work, wanted: Wanted, runId: number): Promise<readonly Notice[]> {
  const { metric, hash, views, fingerprint, isMade } = wanted;
  if (views === null) return [unknownDefinition(metric, hash)];
  const isThere = ({ name }: PublicView) => ['ours', 'foreign'].includes(work.found.get(name)?.kind ?? '');
  if (isMade && views.every(isThere)) return [];
  const kept: KeptColumns[] = [];
  const error = await attempt(work.transaction, work.clock, async (run) => {
    for (const view of views) kept.push(...(await showView(work, run, view, metric)));
    await run(sql.SHOWN_SQL, [metric, hash, fingerprint, runId]);
  });
  if (error !== undefined) return [notChanged(metric, error)];
  const foreign = views.filter(({ name }) => work.found.get(name)?.kind === 'foreign');
  return [...foreign.map(({ name }) => nameTaken(name)), ...kept.map(columnsKept)];
}

async function showView(work: Work, run: Run, view: PublicView, metric: string): Promise<readonly KeptColumns[]> {
  const there = work.found.get(view.name);
  if (there?.kind === 'foreign') return [];
  if (there !== undefined) return (await replaceView({ ...work, run }, view, there)) ?? [];
  const cube = work.found.get(metric);
  const ofCube = cube === undefined || cube.kind === 'foreign' ? [] : await readRights(run, cube.oid);
  await createView(
    run,
    view,
    ofCube.filter(({ column }) => column === null),
  );
  return [];
}

/**
 * Removes the views of a metric that no kept run knows. One that something depends on stays, without rows. Returns what
 * the log should say.
 */
export async function retireViews(transaction: Transaction, metric: string, clock: Clock): Promise<readonly Notice[]> {
  const found = await findViews(transaction, publicViewNames(metric));
  const kept: KeptColumns[] = [];
  const error = await attempt(transaction, clock, async (run) => {
    for (const view of found.values()) {
      if (view.kind !== 'foreign') kept.push(...((await retireView({ transaction, clock, run }, view)) ?? []));
    }
    await run(sql.FORGET_METRIC_SQL, [metric]);
  });
  return error === undefined ? kept.map(columnsKept) : [notChanged(metric, error)];
}
