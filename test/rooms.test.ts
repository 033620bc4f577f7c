/** Holds the house together: which room may import which, and the few rules that no compiler checks. */
import { describe, expect, test } from '@jest/globals';
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { rooms, withRooms } from './support/rooms.ts';

const root = join(import.meta.dirname, '..');

/** Packages that only one folder may import. */
const owners: Readonly<Record<string, string>> = {
  undici: 'operator/kube/',
  '@kubernetes/client-node': 'operator/kube/',
  'prom-client': 'operator/runtime/',
  '@pulumi/pulumi': 'operator/engines/pulumi/',
  'simple-git': 'operator/way/1-source/',
  '@marcbachmann/cel-js': 'operator/way/7-health/',
};

interface Source {
  readonly path: string;
  readonly text: string;
  readonly imports: readonly string[];
}

const sources: readonly Source[] = ['operator', 'plugins', 'charts', 'toolchain', 'demo', 'bench']
  .flatMap((folder) => readdirSync(join(root, folder), { recursive: true, withFileTypes: true }))
  .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
  .map((entry) => {
    const file = join(entry.parentPath, entry.name);
    const text = readFileSync(file, 'utf8');
    const imports = [...text.matchAll(/(?:from|import\()\s*'([^']+)'/g)].map(([, name = '']) => name);
    return { path: relative(root, file), text, imports };
  });
const code = sources.filter(({ path }) => !path.endsWith('.test.ts'));

describe.each(Object.entries(rooms))('room %s', (room, allowed) => {
  test(`imports ${allowed.join(', ') || 'no other room'}`, () => {
    const wrong = code
      .filter(({ path }) => path.startsWith(`operator/${room}/`))
      .flatMap(({ path, imports }) =>
        imports
          .filter((name) => name.startsWith('#') && !allowed.includes(name))
          .map((name) => `${path} imports ${name}`),
      );
    expect(wrong).toEqual([]);
  });
});

test.each(Object.entries(owners))('%s is imported by %s alone', (name, owner) => {
  const users = code.filter(
    ({ path, imports }) => path.startsWith('operator/') && imports.includes(name) && !path.startsWith(owner),
  );
  expect(users.map(({ path }) => path)).toEqual([]);
});

test('only the clock reads the time, only the configuration reads the environment', () => {
  const operator = code.filter(({ path }) => path.startsWith('operator/') && !path.startsWith('operator/cli/'));
  const time = operator.filter(
    ({ path, text }) =>
      path !== 'operator/runtime/clock.ts' && /\bDate\.now\(|\bsetTimeout\(|\bsetInterval\(/.test(text),
  );
  const environment = operator.filter(({ path, text }) => path !== 'operator/config.ts' && /process\.env\b/.test(text));
  expect([...time, ...environment].map(({ path }) => path)).toEqual([]);
});

test('every file says in its first line what it is for', () => {
  const silent = code.filter(({ path, text }) => !path.endsWith('index.ts') && !text.startsWith('/**'));
  expect(silent.map(({ path }) => path)).toEqual([]);
});

test('no drawer: nothing is called utils, helpers, types or common', () => {
  expect(code.map(({ path }) => path).filter((path) => /\/(utils|helpers|types|common-types)\.ts$/.test(path))).toEqual(
    [],
  );
});

test('docs/architecture.md shows these rooms; `npm run rooms` prints them there', () => {
  const page = readFileSync(join(root, 'docs', 'architecture.md'), 'utf8');
  expect(page).toBe(withRooms(page));
});
