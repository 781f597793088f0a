import type { Segment } from '@tandem/shared';
import { LRUCache } from 'lru-cache';
import { type Answer, type Basis, type BasisReader, composeAnswer } from '../../answer-query.js';
import { GrowingPart } from '../../query/growing-part.js';
import type { Query } from '../../query/query.js';
import type { Part } from '../../query/values.js';
import { type Freshness, type RenderedAnswer, renderCsv, renderJson } from '../../render-answer.js';

/** Cells that queries remember to have added, in all: about 100 bytes each. */
const MAX_REMEMBERED_CELLS = 500_000;
/** Characters of rendered answers that are remembered in all. */
const MAX_REMEMBERED_CHARACTERS = 32_000_000;

type Remembered = {
  readonly run: number;
  readonly viewVersion: number;
  readonly rendered: RenderedAnswer;
  readonly approximate: Answer['approximate'];
};

type Growing = { readonly run: number; readonly part: GrowingPart };

export type Reply = Omit<Remembered, 'viewVersion'> & { readonly freshness: Freshness };

/**
 * Answers, remembered: the same query over the same run and the same version of the realtime view has the same answer.
 * Whether both are still the same is asked for every request, so no answer is ever old.
 */
export class AnswerMemo {
  readonly #basis: BasisReader;
  readonly #remembered = new LRUCache<Query, Remembered>({
    maxSize: MAX_REMEMBERED_CHARACTERS,
    sizeCalculation: ({ rendered }) => 1 + rendered.head.length + rendered.tail.length,
  });

  readonly #growing = new LRUCache<Query, Growing>({
    maxSize: MAX_REMEMBERED_CELLS,
    sizeCalculation: ({ part }) => 1 + part.heldCells,
  });

  constructor(basis: BasisReader) {
    this.#basis = basis;
  }

  /** Throws what BasisReader.read and composeAnswer throw. */
  async reply(query: Query): Promise<Reply> {
    const { run, result, speedLag } = await this.#basis.read(query, (basis) => this.#replyFrom(query, basis));
    const batch_age_ms = Math.max(0, Date.now() - run.publishedAt.getTime());
    return { ...result, freshness: { batch_age_ms, speed_lag_events: speedLag } };
  }

  #replyFrom(query: Query, basis: Basis): Omit<Reply, 'freshness'> {
    const { run, view } = basis;
    const known = this.#remembered.get(query);
    const isFresh = known?.run === run.id && known.viewVersion === view.version;
    const { rendered, approximate } = known && isFresh ? known : this.#remember(query, basis);
    return { run: run.id, rendered, approximate };
  }

  #remember(query: Query, basis: Basis): Remembered {
    const answer = composeAnswer(query, basis, (segments) => this.#fold(query, basis.run.id, segments));
    const rendered = query.format === 'csv' ? { head: renderCsv(answer), tail: '' } : renderJson(answer);
    const { approximate } = answer;
    const remembered = { run: basis.run.id, viewVersion: basis.view.version, rendered, approximate };
    this.#remembered.set(query, remembered);
    return remembered;
  }

  /** Above one boundary segments only grow; another run has another boundary. */
  #fold(query: Query, run: number, segments: readonly Segment[]): Part {
    const known = this.#growing.get(query);
    const growing = known?.run === run ? known : { run, part: new GrowingPart(query) };
    const part = growing.part.fold(segments);
    this.#growing.set(query, growing);
    return part;
  }
}
