/** Options of resources, arguments of providers and what may be unknown, as the real engine hands them to the Kubernetes provider. */
import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { KubeObject } from '#kube';
import { cluster, kubeconfig, PulumiProgram, testNamespace, type TestCluster } from '#testing';

let direct: TestCluster;
let program: PulumiProgram;
let namespace: string;
let other: string;
let config: string;
const uids = new Map<string, string | undefined>();

const first = (): string => `
const namespace = '${namespace}';
const make = (name: string, data: Record<string, string>, options: pulumi.CustomResourceOptions = {}, labels = {}) =>
  new k8s.core.v1.ConfigMap(name, { metadata: { name, namespace, labels }, data }, options);
make('ignored', { a: '1' }, { ignoreChanges: ['metadata.labels.by'] }, { by: 'program', v: '1' });
make('retained', {}, { retainOnDelete: true });
make('kept', {}, { protect: true });
make('old-name', {});
make('watched', {}, {}, { v: '1' });
const imported = new k8s.core.v1.ConfigMap('imported', {
  metadata: { name: 'theirs', namespace, labels: { by: 'hand' } }, data: { a: 'theirs' },
}, { import: namespace + '/theirs' });
const found = k8s.core.v1.ConfigMap.get('found', namespace + '/lookup');
const provider = new k8s.Provider('own', {
  kubeconfig: ${JSON.stringify(config)}, namespace: '${other}', enableConfigMapMutable: true,
});
const elsewhere = new k8s.core.v1.ConfigMap('elsewhere', { metadata: { name: 'elsewhere' }, data: { v: '1' } }, { provider });
const service = new k8s.core.v1.Service('service', {
  metadata: { name: 'service', namespace, annotations: { 'pulumi.com/skipAwait': 'true' } },
  spec: { ports: [{ port: 80 }], selector: { app: 'none' } },
});
make('knows', { ip: '', uid: '' }, {}, { uid: found.metadata.uid });
new k8s.core.v1.ConfigMapList('list', { items: [
  { metadata: { name: 'item-a', namespace }, data: { v: '1' } },
  { metadata: { name: 'item-b', namespace }, data: { v: '1' } },
] });
export const foundData = found.data;
export const address = service.spec.clusterIP;
export const importedUid = imported.metadata.uid;
export const elsewhereNamespace = elsewhere.metadata.namespace;
`;

const second = (): string =>
  first()
    .replace("{ by: 'program', v: '1' }", "{ by: 'program again', v: '2' }")
    .replace("make('retained', {}, { retainOnDelete: true });", '')
    .replace("make('old-name', {});", "make('new-name', {}, { aliases: [{ name: 'old-name' }] });")
    .replace(
      "make('watched', {}, {}, { v: '1' });",
      "make('watched', {}, { replaceOnChanges: ['metadata.labels.v'] }, { v: '2' });",
    )
    .replace("name: 'elsewhere' }, data: { v: '1' }", "name: 'elsewhere' }, data: { v: '2' }")
    .replace("name: 'item-b', namespace }", "name: 'item-c', namespace }");

const get = (name: string, where = namespace): Promise<KubeObject | undefined> =>
  direct.get('v1', 'ConfigMap', name, where);

beforeAll(async () => {
  direct = await cluster();
  [namespace, other] = [await testNamespace(direct), await testNamespace(direct)];
  await direct.apply(`
{apiVersion: v1, kind: ConfigMap, metadata: {name: theirs, namespace: ${namespace}, labels: {by: hand}}, data: {a: theirs}}
---
{apiVersion: v1, kind: ConfigMap, metadata: {name: lookup, namespace: ${namespace}}, data: {a: found}}
`);
  config = await readFile(kubeconfig, 'utf8');
  program = await PulumiProgram.create(config);
  await program.write(first());
}, 60_000);
afterAll(() => direct[Symbol.asyncDispose]());

test('a preview shows what is known, and what the API server will choose as unknown', async () => {
  const said = await program.succeed(['preview', '--stack', 'dev']);
  expect(said).toMatch(/foundData *: {\s*a: "found"/);
  expect(said).toMatch(/address *: \[unknown\]/);
  expect(said).toMatch(new RegExp(`elsewhereNamespace: "${other}"`));
  expect(await get('ignored')).toBeUndefined();
});

test('what is imported or looked up is as the cluster has it; a provider says cluster and namespace', async () => {
  await program.up();
  const theirs = await get('theirs');
  expect(await program.outputs()).toMatchObject({
    foundData: { a: 'found' },
    importedUid: theirs?.metadata.uid,
    elsewhereNamespace: other,
    address: expect.stringMatching(/^\d+\.\d+\.\d+\.\d+$/),
  });
  expect(await get('item-b')).toMatchObject({ data: { v: '1' } });
  for (const name of ['ignored', 'retained', 'kept', 'old-name', 'watched', 'item-a']) {
    uids.set(name, (await get(name))?.metadata.uid);
  }
  uids.set('elsewhere', (await get('elsewhere', other))?.metadata.uid);
});

test('ignoreChanges, retainOnDelete, aliases, replaceOnChanges and mutable ConfigMaps do what they say', async () => {
  const name = 'ignored';
  await direct.edit({ apiVersion: 'v1', kind: 'ConfigMap', name, namespace }, { metadata: { labels: { by: 'hand' } } });
  await program.write(second());
  await program.up();
  expect((await get(name))?.metadata).toMatchObject({ uid: uids.get(name), labels: { by: 'hand', v: '2' } });
  expect((await get('retained'))?.metadata.uid).toBe(uids.get('retained'));
  expect(await get('old-name')).toBeUndefined();
  expect(await get('new-name')).toBeDefined();
  expect((await get('watched'))?.metadata.uid).not.toBe(uids.get('watched'));
  expect(await get('elsewhere', other)).toMatchObject({ metadata: { uid: uids.get('elsewhere') }, data: { v: '2' } });
  expect((await get('item-a'))?.metadata.uid).toBe(uids.get('item-a'));
  expect(await get('item-b')).toBeUndefined();
  expect(await get('item-c')).toBeDefined();
});

test('what is protected holds a destroy up; what was only looked up stays', async () => {
  const args = ['destroy', '--yes', '--skip-preview', '--stack', 'dev'];
  const { code, said } = await program.run(args);
  expect(code).not.toBe(0);
  expect(said).toMatch(/protected/);
  expect(await get('kept')).toBeDefined();
  await program.succeed(['state', 'unprotect', '--all', '--yes', '--stack', 'dev']);
  await program.succeed(args);
  expect(await get('kept')).toBeUndefined();
  expect(await get('item-c')).toBeUndefined();
  expect(await get('lookup')).toBeDefined();
});

test.each([
  [
    'a field that the kind does not have',
    `new k8s.core.v1.ConfigMap('bad', { metadata: { name: 'bad', lables: {} } as never });`,
    /ConfigMap\/default\/bad: .*\.metadata\.lables: field not declared in schema; correct the field/,
  ],
  ['strict mode without a provider', `new k8s.core.v1.ConfigMap('bad', {});`, /strictMode allows no default provider/],
])('%s is one sentence, in the preview already', async (what, text, message) => {
  await program.write(text);
  if (what.startsWith('strict'))
    await program.succeed(['config', 'set', 'kubernetes:strictMode', 'true', '--stack', 'dev']);
  const { code, said } = await program.run(['preview', '--stack', 'dev']);
  expect(said).toMatch(message);
  expect(code).not.toBe(0);
});
