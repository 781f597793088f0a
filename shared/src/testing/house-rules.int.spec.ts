import { readdir, readFile } from 'node:fs/promises';
import { describe, expect, it } from '@jest/globals';
import { importsOf, LAYERS, ROOMS, violationsOf } from './house-rules.js';

const ROOT = new URL('../../../', import.meta.url);

type Manifest = { readonly dependencies?: object; readonly devDependencies?: object };

async function manifestOf(folder: string): Promise<Manifest> {
  return JSON.parse(await readFile(new URL(`${folder}package.json`, ROOT), 'utf8'));
}

function namesOf({ dependencies = {}, devDependencies = {} }: Manifest): readonly string[] {
  return [...Object.keys(dependencies), ...Object.keys(devDependencies)];
}

async function filesOf(room: string) {
  const declared = [...namesOf(await manifestOf(`${room}/`)), ...namesOf(await manifestOf('')), `@tandem/${room}`];
  const folder = new URL(`${room}/src/`, ROOT);
  const names = (await readdir(folder, { recursive: true })).filter(
    // The rules and this spec quote what they forbid.
    (name) => name.endsWith('.ts') && !name.startsWith('testing/house-rules'),
  );
  return await Promise.all(
    names.map(async (name) => ({
      path: `${room}/src/${name}`,
      text: await readFile(new URL(name, folder), 'utf8'),
      declared,
    })),
  );
}

describe('the house', () => {
  it.each(ROOMS)('keeps its rules in %s', async (room) => {
    const files = await filesOf(room);
    expect(files.length).toBeGreaterThan(room === 'bench' ? 0 : 3);
    expect(files.flatMap(violationsOf)).toEqual([]);
  });

  it('builds no layer on another', async () => {
    for (const layer of LAYERS) {
      const config = await readFile(new URL(`${layer}/tsconfig.json`, ROOT), 'utf8');
      expect([...config.matchAll(/"path": "\.\.\/([^"]+)"/g)].map(([, room]) => room)).toEqual(['shared']);
    }
  });
});

describe('the rules of the house', () => {
  // Declared, so that it is the rule about rooms that speaks.
  const declared = ['pg', 'express', ...ROOMS.map((room) => `@tandem/${room}`)];
  const check = (path: string, text: string) => violationsOf({ path, text, declared });

  it.each([
    [
      'an import of another layer',
      'speed-layer/src/consume.ts',
      `import { merge } from '@tandem/serving-layer/merge';`,
    ],
    ['a type of another layer', 'batch-layer/src/run.ts', `import type {\n  A,\n  B,\n} from '@tandem/speed-layer';`],
    ['a re-export of another layer', 'serving-layer/src/index.ts', `export * from '@tandem/batch-layer';`],
    ['a dynamic import of another layer', 'serving-layer/src/a.ts', `await import('@tandem/batch-layer');`],
    ['a relative way into another layer', 'speed-layer/src/a.ts', `import '../../batch-layer/src/run.js';`],
    ['shared knowing a layer', 'shared/src/testing/a.ts', `import { a } from '@tandem/speed-layer';`],
    ['a layer knowing the lab', 'speed-layer/src/a.spec.ts', `import { a } from '@tandem/lab';`],
    ['Postgres outside adapters', 'serving-layer/src/answer.ts', `import pg from 'pg';`],
    ['a type of Postgres in a port', 'shared/src/ports/log.ts', `import type { Pool } from 'pg';`],
    ['files outside adapters', 'batch-layer/src/archive.ts', `import { open } from 'node:fs/promises';`],
    ['HTTP outside adapters', 'serving-layer/src/merge.ts', `const http = require('node:http');`],
    ['a package that nobody declared', 'speed-layer/src/a.ts', `import _ from 'lodash/fp';`],
    ['test tools in what ships', 'speed-layer/src/a.ts', `import { x } from '@tandem/shared/testing/oracle';`],
    ['the environment outside config.ts', 'speed-layer/src/main.ts', `const port = process.env['PORT'];`],
    ['the environment by another way', 'speed-layer/src/main.ts', `import { env } from 'node:process';`],
  ])('name %s', (_, path, text) => {
    expect(check(path, text)).toHaveLength(1);
    expect(check(path, text)[0]).toContain(path);
  });

  it.each([
    ['a layer on shared', 'speed-layer/src/a.ts', `import { a } from '@tandem/shared';`],
    ['an adapter on Postgres', 'batch-layer/src/adapters/postgres/a.ts', `import pg from 'pg';`],
    ['main.ts on HTTP', 'serving-layer/src/main.ts', `import { createServer } from 'node:http';`],
    ['a test on files', 'speed-layer/src/a.int.spec.ts', `import { rm } from 'node:fs/promises';`],
    ['config.ts on the environment', 'speed-layer/src/config.ts', `readConfig(schema, process.env)`],
    [
      'a comment on anything',
      'speed-layer/src/a.ts',
      `// process.env\n/** import pg from 'pg' */\nconst a = 'https://x';`,
    ],
  ])('allow %s', (_, path, text) => {
    expect(check(path, text)).toEqual([]);
  });

  it('let the lab compose the layers', () => {
    const text = `import { a } from '@tandem/speed-layer';\nimport { b } from '@tandem/batch-layer';`;
    expect(check('lab/src/a.ts', text)).toEqual([]);
  });

  it('find every form of import', () => {
    const code = `import a from 'a';\nimport 'b';\nexport { c } from "c";\nawait import('d'); require('e');\nimport {\n f,\n} from 'f';`;
    expect([...importsOf(code)].sort()).toEqual(['a', 'b', 'c', 'd', 'e', 'f']);
  });
});
