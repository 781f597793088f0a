import { describe, expect, it } from '@jest/globals';
import { isAtOrBelow, type Offsets, type PartitionView, zeroOffsets } from '@tandem/shared';
import { MemoryEventLog } from '@tandem/shared/adapters/memory/memory-event-log';
import fc from 'fast-check';
import { startSpeedLayer } from './start-speed-layer.js';
import { aScript, play, recordsOf, type Script, withoutConflicts } from './testing/logs.js';
import { countedBetween, rowsAbove, rowsFrom, rowsOfEvents } from './testing/rows.js';
import { caughtUp, type Scene, sceneOf, whileRunning } from './testing/scene.js';

const PARTITIONS = 2;
const RUNS = 40;

/** Starts a layer that resumes at a boundary, lets it catch up, and stops it. */
async function viewFrom(scene: Scene, boundary: Offsets): Promise<readonly PartitionView[]> {
  scene.runs.keep(boundary);
  return whileRunning(startSpeedLayer(scene), async () => (await caughtUp(scene)).partitions);
}

/** Every boundary that a run may have left behind, the beginning of the log included. */
async function logOf(script: Script, maxBatch: number, partitions = PARTITIONS) {
  const log = new MemoryEventLog(partitions, maxBatch);
  return { log, boundaries: [zeroOffsets(partitions), ...(await play(script, log))] };
}

function endsOf(script: Script): Offsets {
  return zeroOffsets(PARTITIONS).map((_, partition) => recordsOf(script, partition).length);
}

/** Parts of one log, so that copies in the second may be of events in the first. */
const twoScripts = fc
  .tuple(aScript(PARTITIONS).map(withoutConflicts), fc.nat(60))
  .map(([script, at]) => [script.slice(0, at), script.slice(at)] as const);

const batchSize = fc.integer({ min: 1, max: 30 });

describe('the speed layer', () => {
  it('says from any boundary it starts at what the oracle finds above it, although copies straddle the boundary', async () => {
    await fc.assert(
      fc.asyncProperty(
        aScript(PARTITIONS).map(withoutConflicts),
        batchSize,
        batchSize,
        async (script, maxBatch, stretch) => {
          const { log, boundaries } = await logOf(script, maxBatch);
          const above = (from: Offsets) => countedBetween(script, from, endsOf(script));
          for (const boundary of boundaries) {
            const scene = sceneOf(log, { SPEED_STRETCH_EVENTS: stretch });
            const view = await viewFrom(scene, boundary);
            expect(view.map(({ segments }, partition) => segments[0]?.start ?? boundary[partition])).toEqual(boundary);
            for (const later of boundaries.filter((other) => isAtOrBelow(boundary, other))) {
              for (const metric of scene.metrics)
                expect(rowsAbove(metric, view, later)).toEqual(rowsOfEvents(metric, above(later)));
            }
          }
        },
      ),
      { numRuns: RUNS },
    );
  });

  it('decides after a restart at any boundary as it would have without one, however short the window', async () => {
    await fc.assert(
      fc.asyncProperty(aScript(1), fc.integer({ min: 1, max: 20 }), batchSize, async (script, reach, batch) => {
        const { log, boundaries } = await logOf(script, batch, 1);
        const settings = { DUPLICATE_WINDOW_EVENTS: reach };
        const unbroken = await viewFrom(sceneOf(log, settings), zeroOffsets(1));
        for (const boundary of boundaries) {
          const scene = sceneOf(log, settings);
          const restarted = await viewFrom(scene, boundary);
          restarted.forEach((held, partition) => {
            const start = boundary[partition] ?? 0;
            const same = unbroken[partition]?.segments.filter((segment) => segment.start >= start) ?? [];
            const tallies = (segments: PartitionView['segments']) => segments.map(({ tally }) => tally);
            expect(tallies(held.segments)).toEqual(tallies(same));
            for (const metric of scene.metrics)
              expect(rowsFrom(metric, held, start)).toEqual(rowsFrom(metric, { segments: same }, start));
          });
        }
      }),
      { numRuns: RUNS },
    );
  });

  it('says the same when the log grows while it reads, and when it is dropped below a boundary meanwhile', async () => {
    await fc.assert(
      fc.asyncProperty(twoScripts, async ([first, second]) => {
        const { log, boundaries } = await logOf(first, 7);
        const scene = sceneOf(log, { SPEED_STRETCH_EVENTS: 3 });
        const boundary = boundaries.at(-1) ?? zeroOffsets(PARTITIONS);
        const view = await whileRunning(startSpeedLayer(scene), async () => {
          await play(second.slice(0, 10), log);
          scene.runs.keep(boundary);
          await play(second.slice(10), log);
          return (await caughtUp(scene)).partitions;
        });
        const script = [...first, ...second];
        const above = countedBetween(script, boundary, endsOf(script));
        for (const metric of scene.metrics)
          expect(rowsAbove(metric, view, boundary)).toEqual(rowsOfEvents(metric, above));
      }),
      { numRuns: RUNS },
    );
  });
});
