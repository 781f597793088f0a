import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { expect, it } from '@jest/globals';

const MODULE = new URL('./run-process.js', import.meta.url).href;
const LOGGER = new URL('./logger.js', import.meta.url).href;

/** Runs a process whose start is the given text; sends the signal once it says something. */
async function run(start: string, signal?: NodeJS.Signals) {
  const program = `
    import { runProcess } from ${JSON.stringify(MODULE)};
    import { createLogger } from ${JSON.stringify(LOGGER)};
    const part = (parts, name) => parts.add(async () => console.log('stops ' + name));
    const idle = setInterval(() => {}, 1000);
    process.exit(await runProcess('room', () => createLogger('room', 'fatal'), async (parts) => { ${start} }));`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', program], { stdio: ['ignore', 'pipe', 'pipe'] });
  const said = Promise.all([text(child.stdout), text(child.stderr)]);
  if (signal) child.stdout.once('data', () => child.kill(signal));
  const [code] = await once(child, 'close');
  const [output, errors] = await said;
  return { code, lines: output.trim().split('\n'), errors };
}

const STARTS = `part(parts, 'first'); part(parts, 'second'); part(parts, 'third'); console.log('runs');`;

it.each(['SIGTERM', 'SIGINT'] as const)(
  'a process that gets %s stops its parts, latest first, and ends with 0',
  async (signal) => {
    const { code, lines } = await run(STARTS, signal);
    expect({ code, lines }).toEqual({ code: 0, lines: ['runs', 'stops third', 'stops second', 'stops first'] });
  },
);

it('a process whose part fails to stop stops the others all the same, and ends with 1', async () => {
  const failing = `part(parts, 'first'); parts.add(() => Promise.reject(new Error('stuck'))); console.log('runs');`;
  const { code, lines } = await run(failing, 'SIGTERM');
  expect({ code, lines }).toEqual({ code: 1, lines: ['runs', 'stops first'] });
});

it('a process that cannot start says so in one line, stops what it has started, and ends with 1', async () => {
  const { code, lines, errors } = await run(`part(parts, 'first'); throw new Error('no room');`);
  expect({ code, lines }).toEqual({ code: 1, lines: ['stops first'] });
  expect(errors).toBe('The room cannot start. no room\n');
});

it.each([
  ['throws', `setTimeout(() => { throw new Error('unforeseen'); }, 50);`],
  ['rejects', `setTimeout(() => void Promise.reject(new Error('unforeseen')), 50);`],
])('a process in which something %s that nobody handles says so and ends with 1', async (_, fault) => {
  const { code, lines, errors } = await run(`console.log('runs'); ${fault}`);
  expect({ code, lines }).toEqual({ code: 1, lines: ['runs'] });
  expect(errors).toMatch(/nobody handled/);
  expect(errors).toMatch(/unforeseen/);
});

it('an error in a log has its name, code, message and cause, and nothing that a driver has hung on it', async () => {
  const error = `Object.assign(new Error('gone', { cause: new Error('reset') }), { code: '57P01', client: { secret: 7 } })`;
  const { errors } = await run(
    `createLogger('room', 'fatal').fatal({ error: ${error} }, 'it failed'); process.exit(0);`,
  );
  const { error: shown } = JSON.parse(errors);
  expect(shown).toMatchObject({ name: 'Error', code: '57P01', message: 'gone', cause: { message: 'reset' } });
  expect(errors).not.toMatch(/secret/);
});
