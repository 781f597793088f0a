import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * Starts a service in a process of its own and kills that process with -9: the server goes on without a parent.
 * Resolves with the server's process number.
 */
export async function leaveBehind(what: 'kafka' | 'redis', folder: string): Promise<number> {
  const module = new URL(`../${what}.js`, import.meta.url).href;
  const start = what === 'kafka' ? 'startKafka' : 'startRedis';
  const program = `
    import { ${start} } from ${JSON.stringify(module)};
    console.log((await ${start}({ folder: ${JSON.stringify(folder)} })).pid);
    setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [line] = await once(child.stdout, 'data');
  child.kill('SIGKILL');
  await once(child, 'exit');
  return Number(line);
}

/** Lets a process that is no server of ours stand in the folder's pid file; `end` ends it. */
export async function lendNumber(
  folder: string,
): Promise<{ readonly isAlive: () => boolean; readonly end: () => void }> {
  const stranger = spawn('sleep', ['600'], { stdio: 'ignore' });
  await once(stranger, 'spawn');
  await writeFile(join(folder, 'pid'), `${stranger.pid}\n`);
  return { isAlive: () => stranger.exitCode === null && stranger.signalCode === null, end: () => stranger.kill() };
}
