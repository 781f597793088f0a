import { hash } from 'node:crypto';

const ID_LENGTH = 32;

/**
 * The event id that stands for these texts, in this order: 32 hexadecimal digits of their SHA-256.
 * The same texts give the same id, so a row that is imported again is a copy and changes nothing.
 */
export function eventIdOf(texts: readonly string[]): string {
  return hash('sha256', JSON.stringify(texts), 'hex').slice(0, ID_LENGTH);
}
