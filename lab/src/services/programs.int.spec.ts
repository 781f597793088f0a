import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { findPrograms } from './programs.js';

const JAVA_17 = 'echo \'openjdk version "17.0.15" 2025-04-15\' >&2';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tandem-programs-'));
});

afterEach(() => rm(folder, { recursive: true, force: true }));

async function program(name: string, script: string): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, `#!/bin/sh\n${script}\n`);
  await chmod(path, 0o755);
  return path;
}

describe('the search for programs', () => {
  it('finds those that are new enough', async () => {
    const java = await program('java', JAVA_17);
    const mvn = await program('mvn', 'echo "Apache Maven 3.6.0 (red)"');
    const redis = await program('redis-server', 'echo "Redis server v=6.2.0 sha=0:0 malloc=libc bits=64"');
    expect(await findPrograms(['java', 'mvn', 'redis-server'], [folder])).toEqual({ java, mvn, 'redis-server': redis });
  });

  it('names every one that is missing, what for, and how to install it on Debian and macOS', async () => {
    await program('mvn', 'echo "Apache Maven 3.9.9"');
    await expect(findPrograms(['java', 'mvn', 'redis-server'], [folder])).rejects.toThrow(
      'found no java (needed for Kafka: version 17 or newer), no redis-server (needed for Redis: version 6.2 or newer). ' +
        'Install with "sudo apt-get install default-jre-headless redis-server" (Debian, Ubuntu) ' +
        'or "brew install openjdk redis" (macOS)',
    );
  });

  it.each([
    ['java', 'echo \'openjdk version "11.0.2"\' >&2', '11', '17'],
    ['java', 'echo \'java version "1.8.0_292"\' >&2', '1', '17'],
    ['redis-server', 'echo "Redis server v=6.0.16 sha=0:0"', '6.0', '6.2'],
    ['mvn', 'echo "Apache Maven 3.5.4"', '3.5', '3.6'],
  ] as const)('refuses a %s that is too old (%s), saying which it found', async (name, script, found, needed) => {
    const path = await program(name, script);
    await expect(findPrograms([name], [folder])).rejects.toThrow(`found only ${name} ${found} at ${path}`);
    await expect(findPrograms([name], [folder])).rejects.toThrow(`version ${needed} or newer`);
  });

  it('goes on to the next folder after one that is too old or does not run', async () => {
    await program('java', 'echo "No Java runtime present, requesting install." >&2; exit 1');
    const better = join(folder, 'better');
    await mkdir(better);
    const java = await program('better/java', JAVA_17);
    expect(await findPrograms(['java'], [folder, better])).toEqual({ java });
  });
});
