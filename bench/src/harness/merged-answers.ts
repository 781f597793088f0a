import { TandemError } from '@tandem/shared';

type Line = Readonly<Record<'merged' | 'batch' | 'speed', { readonly line_items: number }>>;
/** What is looked at of an answer to a question for revenue, grouped or not. */
export type MergedAnswer = Line | { readonly groups: readonly Line[] };

/** Sees to it that merged answers were measured, and not something cheaper. */
export class MergedAnswers {
  #batch = 0;
  #speed = 0;

  /** Throws when what is merged is not what the two layers say together. */
  add(answer: MergedAnswer): void {
    for (const { merged, batch, speed } of 'groups' in answer ? answer.groups : [answer]) {
      this.#batch += batch.line_items;
      this.#speed += speed.line_items;
      if (merged.line_items === batch.line_items + speed.line_items) continue;
      const found = `found ${merged.line_items} merged order lines, ${batch.line_items} of batch and ${speed.line_items} of speed`;
      throw new TandemError('internal', `${found}; allowed is their sum`);
    }
  }

  /** Throws unless there was something to merge. */
  refuseOneSided(): void {
    if (this.#batch > 0 && this.#speed > 0) return;
    throw new TandemError(
      'internal',
      `found ${this.#batch} order lines of batch and ${this.#speed} of speed in all answers; allowed is some of both`,
    );
  }
}
