/** Manifests: what a text says, what needs what, where the texts come from. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { secret } from '../property.ts';
import { definedBy, manifestsOf, readDocuments, readManifests } from './manifests.ts';
import { place } from './namespaces.ts';
import { needsOf } from './order.ts';
import { readSources } from './sources.ts';

const object = (kind: string, name: string, metadata = '', apiVersion = 'v1'): string =>
  `{apiVersion: ${apiVersion}, kind: ${kind}, metadata: {name: ${name}${metadata}}}\n`;

const definition = (scope: string): string =>
  `{apiVersion: apiextensions.k8s.io/v1, kind: CustomResourceDefinition, metadata: {name: g}, spec: {group: example.com, scope: ${scope}, names: {kind: Gadget}}}\n`;

const texts = (...documents: readonly string[]): string => documents.join('---\n');

test('documents that a chart left empty are passed over, lists are flattened, core/v1 is v1', () => {
  const text = texts('', '# nothing\n', '{}\n', object('List', 'x'), object('ConfigMap', 'a', '', 'core/v1'));
  expect(readDocuments(text, 'file')).toHaveLength(2);
  const list = '{apiVersion: v1, kind: ConfigMapList, items: [{metadata: {name: b}}]}';
  expect(readManifests(texts(object('ConfigMap', 'a', '', 'core/v1'), list), 'file')).toMatchObject([
    { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a' } },
    { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'b' } },
  ]);
});

test.each([
  ['text alone', 'hello', 'file:1: the document is not a mapping'],
  ['no kind', '\n{apiVersion: v1, metadata: {name: a}}', 'file:2: kind is missing or not text'],
  ['no name', '{apiVersion: v1, kind: ConfigMap}', 'ConfigMap has no metadata.name'],
  ['broken', 'a: [', 'file:1'],
])('%s is refused with its place', (_, text, message) => {
  expect(() => readManifests(text, 'file')).toThrow(message);
});

test('of an object that is secret as a whole, all is secret but which one it is', () => {
  const [manifest] = manifestsOf(
    secret({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a' }, data: { b: 'c' } }),
    'x',
  );
  expect(manifest).toMatchObject({ kind: 'ConfigMap', metadata: { name: 'a' }, data: { value: { b: 'c' } } });
});

describe('order', () => {
  const annotated = (names: string): string => `, annotations: {config.kubernetes.io/depends-on: "${names}"}`;

  test.each([
    ['nothing', texts(object('ConfigMap', 'a'), object('ConfigMap', 'b')), [[], []]],
    ['a namespace', texts(object('ConfigMap', 'a', ', namespace: ns'), object('Namespace', 'ns')), [[1], []]],
    ['a definition', texts(object('Gadget', 'a', '', 'example.com/v1'), definition('Namespaced')), [[1], []]],
    [
      'what it names',
      texts(
        object('ConfigMap', 'a', annotated('/ConfigMap/b, /namespaces/ns/Secret/s')),
        object('ConfigMap', 'b'),
        object('Secret', 's', ', namespace: ns'),
      ),
      [[1, 2], [], []],
    ],
  ])('an object needs %s', (_, text, needs) => {
    expect(needsOf(readManifests(text, 'file'))).toEqual(needs);
  });

  test.each([
    [
      'each other',
      texts(object('ConfigMap', 'a', annotated('/ConfigMap/b')), object('ConfigMap', 'b', annotated('/ConfigMap/a'))),
      '/ConfigMap/a -> /ConfigMap/b -> /ConfigMap/a',
    ],
    [
      'what is not there',
      object('ConfigMap', 'a', annotated('/Secret/none')),
      'names /Secret/none, which is not among these objects',
    ],
  ])('objects that need %s are refused', (_, text, message) => {
    expect(() => needsOf(readManifests(text, 'file'))).toThrow(message);
  });
});

test('without a cluster, kinds of Kubernetes and those that are defined beside get their namespace', async () => {
  const text = texts(
    object('ConfigMap', 'a'),
    object('ClusterRole', 'b', '', 'rbac.authorization.k8s.io/v1'),
    object('Gadget', 'c', '', 'example.com/v1'),
    definition('Namespaced'),
    object('Stranger', 'd', '', 'other.example.com/v1'),
    object('ConfigMap', 'e', ', namespace: own'),
  );
  const { manifests, unknown } = await place(readManifests(text, 'file'), { namespace: 'n', cluster: undefined });
  expect(manifests.map(({ metadata }) => metadata['namespace'])).toEqual([
    'n',
    undefined,
    'n',
    undefined,
    undefined,
    'own',
  ]);
  expect(unknown).toEqual(['Stranger of other.example.com/v1']);
  expect(manifests.map(definedBy)).toContainEqual({ kind: 'Gadget.example.com', namespaced: true });
});

describe('sources', () => {
  let folder = '';
  let server: Server;
  let address = '';
  const options = { patterns: true, signal: new AbortController().signal };

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'plumbline-sources-'));
    for (const name of ['b.yaml', 'a.yaml', 'c.txt']) await writeFile(join(folder, name), name);
    server = createServer(({ url }, response) => {
      if (url === '/endless') for (let count = 0; count < 80; count += 1) response.write(Buffer.alloc(2 ** 20));
      response.writeHead(url === '/none' ? 404 : 200);
      response.end('fetched');
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });

  afterAll(async () => {
    server.closeAllConnections();
    server.close();
    await rm(folder, { recursive: true });
  });

  test('a pattern means files in the order of their names, an address what it answers', async () => {
    const found = await readSources(join(folder, '*.yaml'), options);
    expect(found.map(({ text }) => text)).toEqual(['a.yaml', 'b.yaml']);
    expect(await readSources(`${address}/file`, options)).toEqual([{ where: `${address}/file`, text: 'fetched' }]);
  });

  test.each([
    ['a pattern that nothing has', () => join(folder, '*.json'), 'no file has a name like this'],
    ['a file that is not there', () => join(folder, 'none'), 'there is no such file'],
    ['a folder', () => folder, 'this is no file'],
    ['an address that has nothing', () => `${address}/none`, 'the server answered 404 Not Found'],
    ['an address where nobody listens', () => 'http://127.0.0.1:1/file', 'it cannot be fetched'],
  ])('%s is told', async (_, source, message) => {
    await expect(readSources(source(), options)).rejects.toThrow(message);
  });
});
