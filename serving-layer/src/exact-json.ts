/** A number with its digits as text: JSON numbers may have more digits than a double holds. */
export class ExactNumber {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

/** JSON text of plain values, with the digits of every ExactNumber as they are. Keys whose value is undefined are left out. */
export function toExactJson(value: unknown): string {
  if (value instanceof ExactNumber) return value.text;
  if (Array.isArray(value)) return `[${value.map((item) => toExactJson(item ?? null)).join(',')}]`;
  if (value === null || typeof value !== 'object' || value instanceof Date) return JSON.stringify(value);
  const members = Object.entries(value).filter(([, member]) => member !== undefined);
  return `{${members.map(([key, member]) => `${JSON.stringify(key)}:${toExactJson(member)}`).join(',')}}`;
}
