// What `npm start` and the other scripts run. Plain JavaScript on Node alone: it must work before anything is installed.
import { spawn } from 'node:child_process';
import { existsSync, readFileSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const NEEDED_NODE = [20, 20];

/** The module of each command; its `main` takes the arguments and resolves with the exit code. */
const PROGRAMS = {
  start: 'lab/dist/main.js',
  batch: 'lab/dist/batch/main.js',
  import: 'lab/dist/import/main.js',
  generate: 'lab/dist/generate/main.js',
  bench: 'bench/dist/main.js',
  'demo-shop': 'lab/dist/generate/shop-process.js',
  services: 'lab/dist/services/main.js',
  'speed-layer': 'speed-layer/dist/main.js',
  'batch-layer': 'batch-layer/dist/main.js',
  'serving-layer': 'serving-layer/dist/main.js',
};
/** What each kind of test run takes in: the second and third need real services, which they start themselves. */
const TESTS = { test: 'plain', 'test:services': 'services', 'test:soak': 'soak' };
/** How long what a finished program has left open may keep it from ending. */
const LONGEST_END_MS = 2_000;

/** Programs whose files are the user's: relative paths are from the user's folder, and not from the project. */
const OF_USERS_FILES = new Set(['import', 'generate']);

const [command, ...parameters] = process.argv.slice(2);
const usersFolder = findUsersFolder();
process.chdir(ROOT);
endureClosedOutput();
refuseOldNode();
refuseUnknownCommand();
if (!isInstalled()) await install();
await build();
process.exitCode = Object.hasOwn(TESTS, command) ? await runTests() : await runProgram(PROGRAMS[command]);

/** npm changes to the project and says where it was called; without npm it is where this script was called. */
function findUsersFolder() {
  const here = process.cwd();
  // biome-ignore lint/style/noProcessEnv: npm says it this way alone.
  const { INIT_CWD: initial } = process.env;
  return initial && isRoot(here) && existsSync(initial) ? initial : here;
}

function isRoot(folder) {
  return realpathSync(folder) === realpathSync(ROOT);
}

/** Whoever reads the output may have gone, as `head` does: what is under way goes on, and says no more. */
function endureClosedOutput() {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error) => {
      if (error.code !== 'EPIPE') throw error;
    });
  }
}

function refuseOldNode() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major > NEEDED_NODE[0] || (major === NEEDED_NODE[0] && minor >= NEEDED_NODE[1])) return;
  fail(`Node ${process.versions.node} is too old: Tandem needs ${NEEDED_NODE.join('.')} or newer.`);
}

function refuseUnknownCommand() {
  if (Object.hasOwn(TESTS, command ?? '') || Object.hasOwn(PROGRAMS, command ?? '')) return;
  const found = command === undefined ? 'no command' : `the command ${JSON.stringify(command)}`;
  fail(`Found ${found}; allowed are ${[...Object.keys(TESTS), ...Object.keys(PROGRAMS)].join(', ')}.`);
}

/** True when every package of the lock is in node_modules with its version. npm notes there what it has installed. */
function isInstalled() {
  const note = join(ROOT, 'node_modules/.package-lock.json');
  if (!existsSync(note)) return false;
  const installed = readJson(note).packages;
  const wanted = Object.entries(readJson(join(ROOT, 'package-lock.json')).packages);
  return wanted
    .filter(([path]) => path.includes('node_modules/'))
    .every(([path, entry]) => {
      const found = installed[path];
      // Packages for other machines are optional and not installed here.
      if (found === undefined) return entry.optional === true;
      return found.version === entry.version && existsSync(join(ROOT, path));
    });
}

function readJson(path) {
  return JSON.parse(readFileSync(path, 'utf8'));
}

async function install() {
  console.error('Installing the packages that package-lock.json lists. This is done once and takes a moment.');
  const isWindows = process.platform === 'win32';
  const code = await run('npm', ['ci', '--no-audit', '--no-fund'], { shell: isWindows });
  if (code !== 0) fail(`npm ci ended with code ${code}; its message stands above.`);
}

async function build() {
  const code = await run(process.execPath, [join(ROOT, 'node_modules/typescript/bin/tsc'), '-b']);
  if (code !== 0) fail(`The build ended with code ${code}; the errors stand above.`);
}

/** Patterns may name the sources; Jest runs what they compile to. */
function runTests() {
  const patterns = parameters.map((word) => word.replace(/(^|\/)src\//, '$1dist/').replace(/\.ts$/, '.js'));
  const jest = join(ROOT, 'node_modules/jest/bin/jest.js');
  const suite = TESTS[command];
  if (suite === 'plain') console.error('Specs of real services are left out here: npm run test:services runs them.');
  // biome-ignore lint/style/noProcessEnv: the tests get what this script was given.
  const env = { ...process.env, TANDEM_TEST_SUITE: suite };
  return run(process.execPath, ['--experimental-vm-modules', '--no-warnings', jest, ...patterns], { env });
}

/** Runs it in this process: then signals reach it, and its exit code is ours, without anything in between. */
async function runProgram(file) {
  const path = join(ROOT, file);
  if (!existsSync(path))
    fail(`Found no ${file}; it is made from ${file.replace('dist', 'src').replace('.js', '.ts')}.`);
  const { main } = await import(pathToFileURL(path).href);
  if (OF_USERS_FILES.has(command)) process.chdir(usersFolder);
  const code = await main(parameters);
  setTimeout(() => process.exit(code), LONGEST_END_MS).unref();
  return code;
}

/** Runs a program to its end and resolves with its exit code. A signal to us is passed on. */
function run(program, words, options = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(program, words, { cwd: ROOT, stdio: 'inherit', ...options });
    const passOn = (signal) => child.kill(signal);
    for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, passOn);
    child.on('error', reject);
    child.on('close', (code, signal) => {
      for (const name of ['SIGINT', 'SIGTERM']) process.off(name, passOn);
      if (signal) process.kill(process.pid, signal);
      resolve(code ?? 1);
    });
  });
}

function fail(message) {
  console.error(message);
  process.exit(1);
}
