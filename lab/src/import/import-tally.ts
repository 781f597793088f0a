import type { Refusal } from '@tandem/shared';
import { grouped, ratePerSecond } from '../producer/progress.js';
import type { Copies } from './copy-count.js';

type Refused = { count: number; firstRow: string | undefined };

/** What became of the events of a file: acknowledged by the service, of these copies, and not answered for. */
export type Taken = { readonly accepted: number; readonly unanswered: number; readonly copies: Copies };

/** Kinds of refusal that are told apart; a message that names the value found could otherwise be one kind per row. */
const MAX_REASONS = 50;
const OTHER_REASONS = 'other reasons';

/** What became of a file's rows. */
export class ImportTally {
  rowsRead = 0;
  readonly #leftOut = new Map<string, number>();
  readonly #refused = new Map<string, Refused>();
  readonly #notes: string[] = [];

  leaveOut(reason: string): void {
    this.#leftOut.set(reason, (this.#leftOut.get(reason) ?? 0) + 1);
  }

  refuse(refusal: Refusal, rowNumber: string | undefined): void {
    const kind = kindOf(refusal);
    const reason = this.#refused.has(kind) || this.#refused.size < MAX_REASONS ? kind : OTHER_REASONS;
    const refused = this.#refused.get(reason) ?? { count: 0, firstRow: rowNumber };
    this.#refused.set(reason, { ...refused, count: refused.count + 1 });
  }

  /** What the summary says of the rows as a whole. */
  note(text: string): void {
    this.#notes.push(text);
  }

  get leftOut(): ReadonlyMap<string, number> {
    return this.#leftOut;
  }

  get refusedCount(): number {
    return [...this.#refused.values()].reduce((sum, { count }) => sum + count, 0);
  }

  /** The closing summary. What changed nothing is never counted as new. */
  lines(taken: Taken, elapsedMs: number): readonly string[] {
    const seconds = (elapsedMs / 1000).toFixed(1);
    return [
      `rows read        ${grouped(this.rowsRead)} in ${seconds} s, ${grouped(ratePerSecond(this.rowsRead, elapsedMs))} rows/s`,
      ...sentLines(taken),
      `rows left out    ${grouped([...this.#leftOut.values()].reduce((sum, count) => sum + count, 0))}`,
      ...[...this.#leftOut].map(([reason, count]) => `  ${grouped(count)}  ${reason}`),
      `rows refused     ${grouped(this.refusedCount)}`,
      ...[...this.#refused].map(([reason, { count, firstRow }]) => {
        return `  ${grouped(count)}  ${reason}${firstRow === undefined ? '' : ` (first in row ${firstRow})`}`;
      }),
      ...this.#notes.map((note) => `note: ${note}`),
    ];
  }
}

function sentLines({ accepted, unanswered, copies }: Taken): readonly string[] {
  const lines = [`events sent      ${grouped(accepted + unanswered)}`];
  if (unanswered > 0)
    lines.push(`  not acknowledged ${grouped(unanswered)}: import the file again, nothing counts twice`);
  if (accepted === 0) return lines;
  if ('unknown' in copies) {
    const reason = `new, or already there: it is not known which, as ${copies.unknown}`;
    return [...lines, `  taken          ${grouped(accepted)}, ${reason}`];
  }
  const { min, max } = copies;
  const others = min === max ? '' : '; not known more closely, as others wrote meanwhile';
  return [
    ...lines,
    `  new            ${range(accepted - max, accepted - min)}${others}`,
    `  already there  ${range(min, max)}${max === 0 ? '' : ' (sent before, or twice in this file: they change nothing)'}`,
  ];
}

function range(min: number, max: number): string {
  return min === max ? grouped(min) : `${grouped(min)} to ${grouped(max)}`;
}

/** A refusal without the value found: "found "x"; allowed is y" → "allowed is y". */
function kindOf({ path, reason }: Refusal): string {
  const allowedAt = reason.lastIndexOf('; allowed');
  const kind = reason.startsWith('found ') && allowedAt > 0 ? reason.slice(allowedAt + 2) : reason;
  return path === '' ? kind : `${path}: ${kind}`;
}
