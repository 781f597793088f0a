import { chmod, cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { inheritedEnvironment } from '../testing/config.js';
import { RunningProgram } from '../testing/tandem-process.js';

// Whole processes start here; on a busy machine that takes a while.
jest.setTimeout(120_000);

const COMMANDS = fileURLToPath(new URL('../../bin/tandem.mjs', import.meta.url));
const LOCK = {
  packages: { '': {}, 'node_modules/a': { version: '1.0.0' }, 'node_modules/b': { version: '1.0.0', optional: true } },
};

/** A project of our own: an npm and a compiler that only say that they were called, and end with a code of their own. */
let project: string;

beforeEach(async () => {
  project = await mkdtemp(join(tmpdir(), 'tandem-commands-'));
  await mkdir(join(project, 'lab/bin'), { recursive: true });
  await cp(COMMANDS, join(project, 'lab/bin/tandem.mjs'));
  await write('package-lock.json', JSON.stringify(LOCK));
  await write('bin/npm', '#!/bin/sh\necho "npm $1"\nexit 7\n');
  await chmod(join(project, 'bin/npm'), 0o755);
});

afterEach(() => rm(project, { recursive: true, force: true }));

async function write(path: string, text: string): Promise<void> {
  await mkdir(dirname(join(project, path)), { recursive: true });
  await writeFile(join(project, path), text);
}

async function install(packages: object): Promise<void> {
  await write('node_modules/.package-lock.json', JSON.stringify({ packages }));
  await write('node_modules/a/package.json', '{}');
  await write('node_modules/typescript/bin/tsc', 'process.exitCode = Number(process.env.TSC_CODE ?? 3)');
}

async function run(parameters: readonly string[], settings: Record<string, string> = {}) {
  const PATH = `${join(project, 'bin')}${delimiter}${inheritedEnvironment()['PATH']}`;
  const program = new RunningProgram(join(project, 'lab/bin/tandem.mjs'), parameters, { PATH, ...settings });
  const { code } = await program.ended;
  return { code, output: program.output.trim() };
}

describe('the commands', () => {
  it.each([[[]], [['begin']]])('refuse %j, naming the known ones, before anything else', async (parameters) => {
    const { code, output } = await run(parameters);
    expect(code).toBe(1);
    expect(output).toMatch(/^Found .*; allowed are test, test:services, test:soak, start, .*, services, .*\.$/);
  });

  it('refuse a Node that is too old in one line', async () => {
    const old = encodeURIComponent("Object.defineProperty(process, 'versions', { value: { node: '20.19.5' } })");
    const { code, output } = await run(['start'], { NODE_OPTIONS: `--import=data:text/javascript,${old}` });
    expect(code).toBe(1);
    expect(output).toBe('Node 20.19.5 is too old: Tandem needs 20.20 or newer.');
  });

  it.each([
    ['in a fresh clone', undefined],
    ['when a package is missing', {}],
    ['when a package has another version', { 'node_modules/a': { version: '0.9.0' } }],
  ])('install the packages %s, and say so when that fails', async (_, packages) => {
    if (packages) await install(packages);
    const { code, output } = await run(['start']);
    expect(code).toBe(1);
    expect(output).toMatch(/^Installing.*npm ci.*npm ci ended with code 7/s);
  });

  it('do not install again what is there, and say so when the build fails', async () => {
    await install({ 'node_modules/a': { version: '1.0.0' } });
    const { code, output } = await run(['start']);
    expect(code).toBe(1);
    expect(output).toBe('The build ended with code 3; the errors stand above.');
  });

  it('pass parameters on, and the exit code back', async () => {
    await install({ 'node_modules/a': { version: '1.0.0' } });
    await write('package.json', '{"type": "module"}');
    await write(
      'lab/dist/batch/main.js',
      'export const main = async (argv) => { console.log(JSON.stringify(argv)); setInterval(() => {}, 1000); return 5; };',
    );
    expect(await run(['batch', '--mode', 'full'], { TSC_CODE: '0' })).toEqual({ code: 5, output: '["--mode","full"]' });
  });

  it.each([
    ['test', 'plain'],
    ['test:services', 'services'],
    ['test:soak', 'soak'],
  ])('run with %s the %s tests that are named by their sources', async (command, suite) => {
    await install({ 'node_modules/a': { version: '1.0.0' } });
    await write(
      'node_modules/jest/bin/jest.js',
      'console.log(process.env.TANDEM_TEST_SUITE, ...process.argv.slice(2)); process.exitCode = 4;',
    );
    const { code, output } = await run([command, 'lab/src/config.unit.spec.ts', '--ci'], { TSC_CODE: '0' });
    expect(code).toBe(4);
    expect(output.split('\n')).toContain(`${suite} lab/dist/config.unit.spec.js --ci`);
    expect(output.includes('left out here: npm run test:services')).toBe(suite === 'plain');
  });
});
