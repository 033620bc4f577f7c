/** What YAML means is what kubectl takes it to mean: one call of the real kubectl over a table, beside our reader. */
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { Failure } from '#runtime';
import { readYaml } from '#render';
import { kubeconfig } from '#testing';
import { toolPaths } from '#toolchain';
import { dialect, differences, type DialectCase } from '../support/yaml-dialect.ts';

/** `data` of every object of a file, in order; or that the file was refused. */
type Reading = readonly unknown[] | 'refused';

interface Told {
  readonly name: string;
  readonly ours: Reading;
  readonly kubectl: Reading | undefined;
}

let folder: string;
let told: readonly Told[];
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'plumbline-dialect-'));
  const readings = await readByKubectl(dialect);
  told = dialect.map((entry, index) => ({
    name: entry.name,
    ours: readByUs(entry, index),
    kubectl: readings.get(entry.name),
  }));
}, 60_000);
afterAll(() => rm(folder, { recursive: true, force: true }));

const fileOf = (index: number): string => `${String(index).padStart(4, '0')}.yaml`;

/** All files in one call, which tells of the files that it cannot read and goes on. */
async function readByKubectl(cases: readonly DialectCase[]): Promise<Map<string, Reading>> {
  const files = join(folder, 'files');
  await mkdir(files);
  for (const [index, { text }] of cases.entries()) await writeFile(join(files, fileOf(index)), text(`c${index}`));
  const { kubectl } = await toolPaths(['kubectl']);
  const args = ['create', '--dry-run=client', '--validate=false', '--output=json', '--filename', files];
  const { out, err } = await new Promise<{ out: string; err: string }>((resolve) => {
    const options = { env: { KUBECONFIG: kubeconfig, HOME: folder }, maxBuffer: 2 ** 26 };
    execFile(kubectl, args, options, (_error, out, err) => resolve({ out, err }));
  });
  const objects = out
    .split(/^(?=\{)/m)
    .filter((text) => text.trim() !== '')
    .map((text) => JSON.parse(text) as { metadata: { name: string }; data?: unknown });
  return new Map(
    cases.map(({ name }, index): [string, Reading] => {
      const found = objects.filter((object) => object.metadata.name.split('.')[0] === `c${index}`);
      return [name, err.includes(fileOf(index)) ? 'refused' : found.map(({ data }) => data)];
    }),
  );
}

function readByUs({ text }: DialectCase, index: number): Reading {
  try {
    const documents = readYaml(text(`c${index}`), fileOf(index));
    const objects = documents.filter(({ value }) => value !== null && value !== undefined);
    // As it would be sent.
    return JSON.parse(JSON.stringify(objects.map(({ value }) => (value as { data?: unknown }).data))) as unknown[];
  } catch (error) {
    if (error instanceof Failure && error.reason === 'YamlInvalid') return 'refused';
    throw error;
  }
}

const isSame = ({ ours, kubectl }: Told): boolean => isDeepStrictEqual(ours, kubectl);

test('YAML is read as kubectl reads it, but where we say why not', () => {
  const unexplained = told.filter((each) => !isSame(each) && !differences.some(({ names }) => names.test(each.name)));
  expect(unexplained.map((each) => JSON.stringify(each))).toEqual([]);
});

test.each(differences)('$ours on purpose: $why', ({ names, ours: how }) => {
  const found = told.filter((each) => names.test(each.name) && !isSame(each));
  const kinds = found.filter(({ ours, kubectl }) => {
    if (how === 'refused') return ours === 'refused' && kubectl !== 'refused';
    if (how === 'read') return ours !== 'refused' && kubectl === 'refused';
    return ours !== 'refused' && isDeepStrictEqual(kubectl, ours.slice(0, kubectl?.length));
  });
  expect(kinds).not.toEqual([]);
});
