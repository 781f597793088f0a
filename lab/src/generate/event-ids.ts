import { mix, type Random } from './random.js';

const HEX = Array.from({ length: 65_536 }, (_, number) => number.toString(16).padStart(4, '0'));

/** Ids in the form of UUIDs: 48 bits that the run shares, 32 that number its events in no visible order, 32 random. */
export function eventIds(random: Random): () => string {
  const run = `${hex(random.integer())}${hex(random.integer())}-${hex(random.integer())}`;
  let events = 0;
  return () => {
    // Mixing maps different numbers to different numbers, so no two of 2^32 events have one id.
    const number = mix(++events);
    const other = random.integer();
    return `${run}-4000-8000-${hex(number >>> 16)}${hex(number)}${hex(other)}`;
  };
}

function hex(number: number): string {
  return HEX[number & 0xffff] ?? '';
}
