/** Every field of the Pulumi Kubernetes Operator's kinds, and what becomes of it; the page names each one too. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { load } from 'js-yaml';
import { isMap, type Json } from '../operator/cli/pulumi-operator/fields.ts';
import { printYaml, warningsOf } from '../operator/cli/pulumi-operator/print.ts';
import type { Row } from './support/pulumi-operator-row.ts';
import { stackRows } from './support/pulumi-operator-stack.ts';
import { updateRows, workspaceRows } from './support/pulumi-operator-workspace.ts';
import { translate, type Translated } from '../operator/cli/pulumi-operator/translate.ts';

const page = readFileSync(join(import.meta.dirname, '../docs/coming-from-pulumi-operator.md'), 'utf8');

const named = { stack: 'organization/web/dev', project: 'web' };
const base = {
  stack: 'organization/web/dev',
  backend: 's3://bucket',
  projectRepo: 'https://example.com/web.git',
  branch: 'main',
};
const metadata = { name: 'app', namespace: 'shop' };
const read = (given: string): Json => load(given.startsWith('{') ? given : `{${given}}`) as Json;

function stackOf(spec: Json): Translated {
  const [only] = translate([{ apiVersion: 'pulumi.com/v1', kind: 'Stack', metadata, spec: { ...base, ...spec } }]);
  return only ?? { of: '', objects: [], notes: [] };
}

const specIn = ({ objects }: Translated, kind: string): Json =>
  (objects.find((object) => object['kind'] === kind)?.['spec'] ?? {}) as Json;

function expectRow({ source, spec = {}, pulumi = {}, told = [] }: Row, translated: Translated): void {
  const given = specIn(translated, 'Stack');
  const common = { sourceRef: { name: 'app' }, engine: 'pulumi', deletionPolicy: 'Orphan' };
  expect(given).toEqual({ ...common, ...spec, pulumi: without({ ...named, backend: 's3://bucket', ...pulumi }) });
  expect(specIn(translated, 'GitSource')).toEqual(source ?? { url: base.projectRepo, ref: { branch: 'main' } });
  const notes = translated.notes.map(({ field, text }) => `${field}: ${text}`);
  expect(notes).toEqual(told.map((pattern) => expect.stringMatching(pattern)));
}

const without = (fields: Json): Json => JSON.parse(JSON.stringify(fields)) as Json;

describe('Stack', () => {
  test.each(stackRows)('$given', (row) => expectRow(row, stackOf(read(row.given))));
  test.each(workspaceRows)('workspaceTemplate: $given', (row) =>
    expectRow(row, stackOf({ workspaceTemplate: { spec: read(row.given) } })),
  );
  test.each(updateRows)('updateTemplate: $given', (row) =>
    expectRow(row, stackOf({ updateTemplate: { spec: read(row.given) } })),
  );

  test('of Flux: a GitRepository beside it becomes the source', () => {
    const spec = {
      projectRepo: null,
      branch: null,
      fluxSource: { sourceRef: { apiVersion: 'v1', kind: 'GitRepository', name: 'web' }, dir: 'x' },
    };
    const found = stackOf(spec);
    expect(specIn(found, 'Stack')).toMatchObject({ sourceRef: { name: 'web' }, path: 'x' });
    expect(found.notes).toEqual([]);
    const [flux] = translate([
      {
        apiVersion: 'source.toolkit.fluxcd.io/v1',
        kind: 'GitRepository',
        metadata,
        spec: { url: 'https://x', ref: { tag: 'v1' }, interval: '5m', secretRef: { name: 's' }, provider: 'azure' },
      },
    ]);
    expect(flux?.objects[0]).toMatchObject({
      kind: 'GitSource',
      spec: { url: 'https://x', ref: { tag: 'v1' }, interval: '5m', secretRef: { name: 's' } },
    });
    expect(flux?.notes).toEqual([{ field: 'spec.provider', text: 'is no field that this translation knows' }]);
    const bucket = stackOf({ ...spec, fluxSource: { sourceRef: { kind: 'Bucket', name: 'b' } } });
    expect(warningsOf([bucket])[0]).toMatch(
      /^Stack shop\/app: spec\.fluxSource\.sourceRef: a Bucket is no source of this operator/,
    );
  });
});

test.each(workspaceRows.filter(({ given }) => !given.startsWith('stacks') && !given.startsWith('git')))(
  'a Workspace by itself: $given',
  ({ given, told = [] }) => {
    const spec = { stacks: [{ name: 'dev' }], git: { url: 'https://x', ref: 'main' }, ...read(given) };
    const [found] = translate([{ apiVersion: 'auto.pulumi.com/v1alpha1', kind: 'Workspace', metadata, spec }]);
    expect(found?.objects.map(({ kind }) => kind)).toEqual(['GitSource', 'Stack']);
    const texts = found?.notes.map(({ field, text }) => `${field}: ${text}`) ?? [];
    for (const pattern of told) expect(texts).toContainEqual(expect.stringMatching(pattern));
    expect(texts.join('\n')).not.toContain('is no field');
  },
);

test('a Workspace of several stacks becomes one Stack each, of one source', () => {
  const spec = { git: { url: 'https://x', ref: 'main' }, stacks: [{ name: 'acme/dev' }, { name: 'acme/prod' }] };
  const [found] = translate([{ apiVersion: 'auto.pulumi.com/v1alpha1', kind: 'Workspace', metadata, spec }]);
  const names = found?.objects.map(({ kind, metadata: named, spec: given }) => [
    kind,
    named,
    (given as Json)['sourceRef'],
  ]);
  expect(names).toEqual([
    ['GitSource', { ...metadata, name: 'app-dev' }, undefined],
    ['Stack', { ...metadata, name: 'app-dev' }, { name: 'app-dev' }],
    ['Stack', { ...metadata, name: 'app-prod' }, { name: 'app-dev' }],
  ]);
});

test.each([
  ['preview', /`plumbline preview`/],
  ['up', /`plumbline reconcile <stack>`/],
  ['refresh', /pulumi\.refresh: onDriftSchedule/],
  ['destroy', /delete the Stack, with deletionPolicy: Delete/],
])('an Update that was a %s is told how to say it', (type, told) => {
  const [found] = translate([
    {
      apiVersion: 'auto.pulumi.com/v1alpha1',
      kind: 'Update',
      metadata,
      spec: { type, stackName: 'dev', workspaceName: 'w' },
    },
  ]);
  expect(found?.objects).toEqual([]);
  expect(found?.notes[0]?.text).toMatch(told);
});

test('a Program, a kind of others, and fields that nobody knows are told', () => {
  const found = translate([
    { apiVersion: 'pulumi.com/v1', kind: 'Program', metadata, program: { resources: {} } },
    { apiVersion: 'v1', kind: 'Secret', metadata },
    {
      apiVersion: 'pulumi.com/v1',
      kind: 'Stack',
      metadata: { ...metadata, ownerReferences: [] },
      spec: { ...base, nonsense: 1, targets: 'x' },
    },
  ]);
  expect(warningsOf(found)).toEqual([
    'Program shop/app: program: a program inline in the cluster has no commit; put it into a repository, in TypeScript or JavaScript, and name it in a Stack',
    'Secret shop/app: Secret: v1 is not translated',
    'Stack shop/app: metadata.ownerReferences: the new object has no owner',
    'Stack shop/app: spec.targets: is no list of texts, and was left out',
    'Stack shop/app: spec.nonsense: is no field that this translation knows',
  ]);
});

test('no secret of a manifest is in what is written', () => {
  const literal = { type: 'Literal', literal: { value: 'hunter2' } };
  const found = stackOf({
    secrets: { a: 'hunter2' },
    secretsRef: { b: literal },
    workspaceTemplate: { spec: { stacks: [{ name: 'dev', config: [{ key: 'c', secret: true, value: 'hunter2' }] }] } },
  });
  expect(printYaml([found]) + warningsOf([found]).join()).not.toContain('hunter2');
});

test('the same manifests give the same YAML, which the schema accepts', () => {
  const all = (): Translated[] => [...stackRows, ...workspaceRows].map(({ given }) => stackOf(read(given)));
  const rows = all();
  expect(printYaml(rows)).toBe(printYaml(all()));
  expect(warningsOf(rows).filter((warning) => warning.includes('must be corrected'))).toEqual([]);
  for (const document of printYaml(rows.slice(0, 3)).split('---\n')) expect(isMap(load(document))).toBe(true);
});

test.each([
  ['Stack', stackRows],
  ['Workspace', workspaceRows],
  ['Update', updateRows],
])('the page has a row for every field of %s', (kind, rows) => {
  const section = page.split(`\n## ${kind}\n`)[1]?.split('\n## ')[0] ?? '';
  const named = [...section.matchAll(/^\| `([^`]+)`/gm)].map(([, field]) => field);
  expect([...new Set(named)].sort()).toEqual(
    [...new Set(rows.flatMap(({ fields }) => fields)), ...(extra[kind] ?? [])].sort(),
  );
});

/** Rows of the page for which another test stands. */
const extra: Readonly<Record<string, readonly string[]>> = { Stack: ['fluxSource'] };
