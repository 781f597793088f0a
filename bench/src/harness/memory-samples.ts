import { residentMb } from '@tandem/lab/testing/memory';
import { TandemError } from '@tandem/shared';
import { type Paced, startPaced } from './pace.js';
import { type Spread, spreadOf } from './spread.js';

/** What processes held in memory, in MB, when so many events had come in. */
export type MemorySample<Name extends string> = {
  readonly events: number;
  readonly residentMb: Readonly<Record<Name, number>>;
};

export type Sampling<Name extends string> = Paced & { readonly samples: readonly MemorySample<Name>[] };

/** Below so many, a stretch says nothing. */
const LEAST_SAMPLES = 3;

/** Looks at the processes so often until stopped. `stop` throws when one of them has ended. */
export function startSampling<Name extends string>(
  perSecond: number,
  pids: Readonly<Record<Name, number>>,
  events: () => number,
): Sampling<Name> {
  const samples: MemorySample<Name>[] = [];
  const { stop } = startPaced(perSecond, async () => {
    const now = events();
    samples.push({ events: now, residentMb: await residentOf(pids) });
  });
  return { samples, stop };
}

async function residentOf<Name extends string>(pids: Readonly<Record<Name, number>>) {
  const names = Object.keys(pids) as Name[];
  const found = await Promise.all(names.map(async (name) => [name, await residentMb(pids[name])] as const));
  const gone = found.find(([, megabytes]) => !(megabytes > 0));
  if (gone) throw new TandemError('internal', `found no memory of the process ${gone[0]}: it has ended`);
  return Object.fromEntries(found) as Record<Name, number>;
}

/**
 * A process' memory in each of `parts` equal stretches of all events: the first from 0 (exclusive) to a part of them
 * (inclusive), and so on. Throws when there are too few samples of one.
 */
export function stretchesOf<Name extends string>(
  samples: readonly MemorySample<Name>[],
  name: Name,
  events: number,
  parts: number,
): readonly Spread[] {
  return Array.from({ length: parts }, (_, part) => {
    const [from, to] = [(part * events) / parts, ((part + 1) * events) / parts];
    const taken = samples.filter((sample) => sample.events > from && sample.events <= to);
    if (taken.length < LEAST_SAMPLES)
      throw new TandemError('internal', `found ${taken.length} samples of ${from} to ${to} events; too few to compare`);
    return spreadOf(taken.map(({ residentMb }) => residentMb[name]));
  });
}
