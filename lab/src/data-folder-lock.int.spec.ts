import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { lockDataFolder } from './data-folder-lock.js';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tandem-lock-'));
});

afterEach(() => rm(folder, { recursive: true, force: true }));

/** A process that holds the lock until it is killed. */
async function startHolder() {
  const module = new URL('./data-folder-lock.js', import.meta.url).href;
  const program = `
    import { lockDataFolder } from ${JSON.stringify(module)};
    const lock = await lockDataFolder(${JSON.stringify(folder)});
    console.log('held');
    setInterval(() => lock, 60_000);`;
  const holder = spawn(process.execPath, ['--input-type=module', '-e', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(holder.stdout, 'data');
  return holder;
}

async function killed(holder: ReturnType<typeof spawn>): Promise<void> {
  holder.kill('SIGKILL');
  await once(holder, 'exit');
}

describe('the lock of the data folder', () => {
  it('is refused in one line that names the folder and the process that holds it', async () => {
    const holder = await startHolder();
    const refusal = await lockDataFolder(folder).catch((error: Error) => error);
    await killed(holder);
    expect(refusal).toMatchObject({ code: 'conflict' });
    expect(String(refusal)).toContain(folder);
    expect(String(refusal)).toContain(`process ${holder.pid};`);
    expect(String(refusal)).not.toContain('\n');
  });

  it('is free at once when its holder was killed', async () => {
    await killed(await startHolder());
    (await lockDataFolder(folder)).release();
  });

  it('can be taken again after a release', async () => {
    (await lockDataFolder(folder)).release();
    (await lockDataFolder(folder)).release();
  });

  it.each(['', 'half a file'])('is taken although a killed start left %j in the file', async (left) => {
    await writeFile(join(folder, 'lock.duckdb'), left);
    (await lockDataFolder(folder)).release();
  });

  it('says that DATA_DIR cannot be used when it is a file', async () => {
    const file = join(folder, 'file');
    await writeFile(file, '');
    await expect(lockDataFolder(file)).rejects.toMatchObject({
      code: 'configuration-invalid',
      message: expect.stringContaining(file),
    });
  });
});
