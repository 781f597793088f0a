/** Why a row cannot become an event. Thrown by what reads a cell, caught where the row is mapped. */
export class RowRefusal extends Error {
  /** The field that it is about, where that is not the one that is being read. */
  readonly field: string | undefined;

  constructor(reason: string, field?: string) {
    super(reason);
    this.field = field;
  }
}

export function refuseCell(found: string, allowed: string, field?: string): never {
  throw new RowRefusal(`found ${JSON.stringify(found)}; allowed is ${allowed}`, field);
}
