import { execFile } from 'node:child_process';
import { getPriority } from 'node:os';
import { promisify } from 'node:util';
import { expect, it } from '@jest/globals';

const MODULE = new URL('./give-way.js', import.meta.url).href;

/** What the priority of a process that has this one is after it has given way; 19 is the lowest. */
async function priorityAfter(priority: number): Promise<number> {
  const program = `
    import { getPriority, setPriority } from 'node:os';
    import { giveWay } from ${JSON.stringify(MODULE)};
    setPriority(${priority});
    giveWay();
    console.log(getPriority());`;
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', program]);
  return Number(stdout);
}

it('a batch layer that gives way has less priority, and one that was started with still less keeps that', async () => {
  // Whoever runs the tests may have given them less already, and nobody but an administrator takes that back.
  const ours = getPriority();
  const low = Math.max(ours, 15);
  expect(await priorityAfter(ours)).toBe(process.platform === 'linux' ? Math.max(ours, 10) : ours);
  expect(await priorityAfter(low)).toBe(low);
});
