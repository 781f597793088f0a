import { chmod, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { kafkaJars } from './kafka-jars.js';

/** What a Maven of our own does: puts one jar where it is told to, and counts its calls. */
const COPIES = `
echo call >> "$(dirname "$0")/calls"
for word; do case "$word" in -DoutputDirectory=*) folder="\${word#*=}";; esac; done
echo "Downloaded from central: https://example.org/kafka_2.13.jar (5 kB at 9 kB/s)"
echo jar > "$folder/kafka.jar"`;

let folder: string;
let cache: string;
let mvn: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tandem-jars-'));
  cache = join(folder, 'cache');
  mvn = join(folder, 'mvn');
});

afterEach(() => rm(folder, { recursive: true, force: true }));

async function maven(script: string): Promise<void> {
  await writeFile(mvn, `#!/bin/sh\n${script}\n`);
  await chmod(mvn, 0o755);
}

describe('the jars of Kafka', () => {
  it('are brought by Maven once, with a word about it', async () => {
    await maven(COPIES);
    const said: string[] = [];
    const jars = await kafkaJars({ cache, mvn, onProgress: (line) => said.push(line) });
    expect(await kafkaJars({ cache, mvn })).toBe(jars);
    expect(await readdir(jars)).toEqual(['kafka.jar']);
    expect(await readFile(join(folder, 'calls'), 'utf8')).toBe('call\n');
    expect(said.join('\n')).toContain('this is done once');
  });

  it('are whole or absent: a Maven that fails leaves nothing behind, and its words are told', async () => {
    await maven(`${COPIES}\necho "[ERROR] Could not transfer artifact: Unknown host"; exit 1`);
    await expect(kafkaJars({ cache, mvn })).rejects.toThrow(/exit code 1 .*proxy.*Unknown host/);
    expect(await readdir(cache)).toEqual([]);
  });

  it('are brought by two at the same time without harm', async () => {
    await maven(`${COPIES}\nsleep 0.2`);
    const [one, other] = await Promise.all([kafkaJars({ cache, mvn }), kafkaJars({ cache, mvn })]);
    expect(one).toBe(other);
    expect(await readdir(cache)).toHaveLength(1);
    expect(await readdir(one)).toEqual(['kafka.jar']);
  });

  it('are no longer waited for once the signal is raised', async () => {
    await maven('exec sleep 60');
    const startedAt = performance.now();
    await expect(kafkaJars({ cache, mvn, signal: AbortSignal.timeout(200) })).rejects.toThrow(/abort/);
    expect(performance.now() - startedAt).toBeLessThan(20_000);
    expect(await readdir(cache)).toEqual([]);
  });
});
