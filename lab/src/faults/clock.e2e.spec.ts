import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { FaultScene } from '../testing/fault-scene.js';
import { startLoad } from '../testing/load.js';
import { withDatabase } from '../testing/log-content.js';

const SEED = 20_260_110;
const DAY_MS = 24 * 3_600_000;

/** JavaScript that shows Node another time of day: in every thread, as it is loaded before anything else. */
function clockProgram(skewMs: string): string {
  return `const RealDate = Date;
const startedMs = RealDate.now();
const skewMs = () => ${skewMs};
globalThis.Date = class extends RealDate {
  constructor(...given) { given.length === 0 ? super(RealDate.now() + skewMs()) : super(...given); }
  static now() { return RealDate.now() + skewMs(); }
};`;
}

describe('A clock that is wrong', () => {
  let scene: FaultScene;

  beforeEach(async () => {
    scene = await FaultScene.open(SEED);
  });
  afterEach(() => scene.close());

  it.each([
    ['ten days behind', `${-10 * DAY_MS}`],
    ['leaping ahead a day at a time', `Math.floor((RealDate.now() - startedMs) / 40) * ${DAY_MS}`],
    ['falling back a day at a time', `Math.floor((RealDate.now() - startedMs) / 40) * ${-DAY_MS}`],
  ])(
    'changes no answer: %s',
    async (_, skewMs) => {
      await startWithClock(skewMs);
      await workThroughRuns();
      await scene.kill();
      // The next process has the right time again: what was written under the wrong one must not stand in its way.
      await scene.start();
      await workThroughRuns();
    },
    180_000,
  );

  it('of the database changes no answer: a lease that seems to last for ten days, of a holder that is dead', async () => {
    await scene.start();
    await workThroughRuns();
    await scene.kill();
    await scene.start();
    await moveLease('10 days');
    await workThroughRuns();
  }, 180_000);

  it('of the database changes no answer: a lease that expires again and again under its holder', async () => {
    await scene.start();
    const load = startLoad(scene.loadOptions('expiring'));
    for (let time = 0; time < 20; time++) {
      await moveLease('-10 days');
      await sleep(30);
    }
    await load.stop();
    const [last] = await scene.client.runs();
    if (last) await scene.client.runOver(last.id);
    expect(await scene.faults()).toEqual([]);
    await scene.client.publish();
    expect(await scene.faults()).toEqual([]);
  }, 180_000);

  async function startWithClock(skewMs: string): Promise<void> {
    const file = join(scene.dataFolder, 'clock.mjs');
    await writeFile(file, clockProgram(skewMs));
    await scene.start({ settings: { NODE_OPTIONS: `--import=${pathToFileURL(file).href}` } });
  }

  async function workThroughRuns(): Promise<void> {
    const load = startLoad(scene.loadOptions('clock', { runs: false }));
    for (let run = 0; run < 2; run++) {
      await sleep(100);
      await scene.client.publish(run === 1 ? 'full' : 'incremental');
    }
    await load.stop();
    expect(await scene.faults()).toEqual([]);
  }

  async function moveLease(by: string): Promise<void> {
    await withDatabase(scene.dataFolder, (database) =>
      database.query(`UPDATE tandem.batch_lease SET expires_at = expires_at + $1::interval`, [by]),
    );
  }
});
