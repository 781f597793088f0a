/** One row of a CSV file; `number` is the line it begins in, the first being 1, and `entry` its file in a zip. */
export type Row = { readonly number: number; readonly cells: readonly string[]; readonly entry?: string };

/** Where a row stands, for a message: "12", or "12 of sales.csv" in a zip. */
export function placeOf({ number, entry }: Row): string {
  return entry === undefined ? String(number) : `${number} of ${entry}`;
}
