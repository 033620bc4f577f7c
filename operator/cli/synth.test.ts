import { execFileSync } from 'node:child_process';
import { mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { commitOutput, describeChange } from './commit-output.ts';
import { initialise } from './init.ts';
import { compare, readFiles, readProgram, runProgram, writeChanges } from './synth-program.ts';

const root = join(import.meta.dirname, '..', '..');
const main = join(root, 'operator', 'cli', 'main.ts');
let folder = '';

const git = (...words: string[]): string => execFileSync('git', words, { cwd: folder, encoding: 'utf8' });

/** Exit code and what was printed. */
function plumbline(...words: string[]): { code: number; text: string } {
  try {
    return { code: 0, text: execFileSync(process.execPath, [main, ...words], { encoding: 'utf8', stdio: 'pipe' }) };
  } catch (error) {
    const { status, stdout, stderr } = error as { status: number; stdout: string; stderr: string };
    return { code: status, text: stdout + stderr };
  }
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'plumbline-platform-'));
  await initialise(folder, root);
  await symlink(join(root, 'node_modules'), join(folder, 'node_modules'));
  git('init', '--quiet');
  git('config', 'user.name', 'Ada');
  git('config', 'user.email', 'ada@example.com');
  await writeFile(join(folder, '.gitignore'), 'node_modules\n');
}, 30_000);

afterAll(() => rm(folder, { recursive: true, force: true }));

test('a new platform synthesises, the same bytes twice', async () => {
  const program = await readProgram(folder);
  const first = await runProgram(program, process.env);
  expect([...first.keys()]).toContain('backend/backend.yaml');
  expect(await runProgram(program, process.env)).toEqual(first);
}, 30_000);

test('--commit commits the output alone and names the objects', async () => {
  const program = await readProgram(folder);
  await writeChanges(join(folder, 'dist'), await runProgram(program, process.env), [
    { file: 'backend/backend.yaml', state: 'missing' },
  ]);
  git('add', '.gitignore');
  expect(await commitOutput(program, 'First')).toMatch(/^[0-9a-f]{40}$/);
  expect(git('log', '-1', '--format=%s%n%b')).toMatch(
    /^First\nadded Deployment backend\/backend\nadded NetworkPolicy backend\/backend\n/,
  );
  expect(git('show', '--name-only', '--format=').trim()).toBe('dist/backend/backend.yaml');
  expect(git('diff', '--cached', '--name-only').trim()).toBe('.gitignore');
  expect(await commitOutput(program, 'Again')).toBeUndefined();
}, 30_000);

test('--check names every stale, missing and extra file and exits with 1; synth puts them right', async () => {
  expect(plumbline('synth', folder).code).toBe(0);
  await writeFile(join(folder, 'dist', 'backend', 'backend.yaml'), 'edited: true\n');
  await writeFile(join(folder, 'dist', 'old.yaml'), '{}\n');
  await rm(join(folder, 'dist', 'stacks', 'backend.yaml'));
  const { code, text } = plumbline('synth', folder, '--check');
  expect(code).toBe(1);
  expect(text).toMatch(/stale dist\/backend\/backend.yaml\nextra dist\/old.yaml\nmissing dist\/stacks\/backend.yaml\n/);
  expect(plumbline('synth', folder).code).toBe(0);
  expect(plumbline('synth', folder, '--check')).toEqual({ code: 0, text: '' });
}, 60_000);

test('a program that breaks a policy writes nothing and exits with 2', async () => {
  const file = join(folder, 'charts', 'podinfo.ts');
  const before = await readFile(file, 'utf8');
  await writeFile(file, before.replace('podinfo:6.7.1', 'podinfo:latest'));
  const { code, text } = plumbline('synth', folder);
  await writeFile(file, before);
  expect(code).toBe(2);
  expect(text).toMatch(
    /backend\/backend\/deployment: Deployment\/backend\/backend: container backend has image .*\n.*frontend/,
  );
  expect(plumbline('synth', folder, '--check').code).toBe(0);
}, 60_000);

test.each([
  ['no cdk8s.yaml', undefined, 'there is no'],
  ['no app', 'output: dist\n', 'app is missing'],
  ['an output that would be emptied with the sources', 'app: x\noutput: .\n', 'output is not a folder below'],
  ['an output outside', 'app: x\noutput: ../out\n', 'output is not a folder below'],
])('%s is said in a sentence', async (_, text, message) => {
  const empty = await mkdtemp(join(tmpdir(), 'plumbline-cdk8s-'));
  if (text !== undefined) await writeFile(join(empty, 'cdk8s.yaml'), text);
  await expect(readProgram(empty)).rejects.toThrow(message);
  await rm(empty, { recursive: true });
});

test('files are compared both ways', () => {
  const changes = compare(
    new Map([
      ['a', '1'],
      ['b', '1'],
      ['c', '1'],
    ]),
    new Map([
      ['a', '1'],
      ['b', '2'],
      ['d', '1'],
    ]),
  );
  expect(changes).toEqual([
    { file: 'b', state: 'stale' },
    { file: 'c', state: 'extra' },
    { file: 'd', state: 'missing' },
  ]);
});

test('a change of objects is told line by line', () => {
  const before = new Map([
    ['Pod a', '1'],
    ['Pod b', '1'],
    ['Pod c', '1'],
  ]);
  const after = new Map([
    ['Pod a', '1'],
    ['Pod b', '2'],
    ['Pod d', '1'],
  ]);
  expect(describeChange(before, after)).toBe('added Pod d\nchanged Pod b\nremoved Pod c');
  expect(describeChange(before, before)).toBe('objects only moved between files');
});

test("this repository's own output is what its charts make", async () => {
  const program = await readProgram(root);
  expect(compare(await readFiles(join(root, program.output)), await runProgram(program, process.env))).toEqual([]);
}, 30_000);
