import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const FIXTURES = new URL('../../../fixtures/', import.meta.url);
/** The published sets, beside the checkout; tests on them run where they are. */
const REAL_DATA = new URL('../../../../../shared/data/', import.meta.url);

export function fixture(name: string): string {
  return fileURLToPath(new URL(name, FIXTURES));
}

/** Path of a file of the published sets; undefined where they are not at hand. */
export function realFile(name: string): string | undefined {
  const path = fileURLToPath(new URL(name, REAL_DATA));
  return existsSync(path) ? path : undefined;
}
