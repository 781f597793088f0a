import { type ChildProcess, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { access, mkdir, mkdtemp, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { TandemError } from '@tandem/shared';
import { endOf } from '../processes/ending.js';
import { findPrograms } from './programs.js';

export type JarOptions = {
  /** Gets a line now and then while Maven works. */
  readonly onProgress?: ((line: string) => void) | undefined;
  /** Ends a download that is under way. */
  readonly signal?: AbortSignal | undefined;
  /** Where the jars are kept, instead of the project's own folder. */
  readonly cache?: string | undefined;
  /** The Maven to use instead of the one that is found. */
  readonly mvn?: string | undefined;
};

const POM = fileURLToPath(new URL('../../services/kafka/pom.xml', import.meta.url));
const CACHE = fileURLToPath(new URL('../../../.services/', import.meta.url));
const SHOWN_EVERY_MS = 2_000;
const KEPT_ERRORS = 5;

/**
 * The folder with the broker's jars. The first time, and when the pom has changed, Maven brings them; from then on
 * neither Maven nor a network is needed. Throws `unavailable` when there is no Maven, or with what Maven says.
 */
export async function kafkaJars(options: JarOptions = {}): Promise<string> {
  const pom = createHash('sha256')
    .update(await readFile(POM))
    .digest('hex')
    .slice(0, 12);
  const cache = options.cache ?? CACHE;
  const folder = join(cache, `kafka-jars-${pom}`);
  if (await exists(folder)) return folder;
  const mvn = options.mvn ?? (await findPrograms(['mvn'])).mvn;
  await mkdir(cache, { recursive: true });
  const unfinished = await mkdtemp(`${folder}.unfinished-`);
  try {
    await copyJars(mvn, unfinished, options);
    await rename(unfinished, folder);
  } catch (error) {
    await rm(unfinished, { recursive: true, force: true });
    // Somebody else may have brought the same jars meanwhile: then those are used.
    if (!['ENOTEMPTY', 'EEXIST'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
  }
  return folder;
}

async function copyJars(mvn: string, folder: string, { onProgress, signal }: JarOptions): Promise<void> {
  onProgress?.('Kafka: Maven brings its jars (about 50 MB); this is done once');
  const parameters = ['-B', '-Dstyle.color=never', '-f', POM, 'dependency:copy-dependencies'];
  const child = spawn(mvn, [...parameters, '-DincludeScope=runtime', `-DoutputDirectory=${folder}`], {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'pipe'],
    signal,
  });
  const errors = listen(child, onProgress);
  const ending = await endOf(child);
  if (ending === 'exit code 0') return;
  throw new TandemError(
    'unavailable',
    `Maven ended with ${ending} while it fetched Kafka's jars; look at the network, or set a proxy in ~/.m2/settings.xml. It said: ${errors.join(' | ') || 'nothing'}`,
  );
}

/** Counts what is downloaded and keeps what is wrong; returns the list that fills with the latter. */
function listen({ stdout }: ChildProcess, onProgress: JarOptions['onProgress']): readonly string[] {
  const errors: string[] = [];
  let files = 0;
  let shownAt = performance.now();
  createInterface({ input: stdout as NodeJS.ReadableStream }).on('line', (line) => {
    if (line.startsWith('[ERROR]') && errors.length < KEPT_ERRORS) errors.push(line.slice('[ERROR]'.length).trim());
    if (!line.startsWith('Downloaded from')) return;
    files++;
    if (performance.now() - shownAt < SHOWN_EVERY_MS) return;
    shownAt = performance.now();
    onProgress?.(`Kafka: ${files} files so far, the last ${line.slice(line.lastIndexOf('/', line.indexOf(' (')) + 1)}`);
  });
  return errors;
}

function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
