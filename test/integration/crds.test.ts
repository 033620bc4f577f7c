import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { KubeObject } from '#kube';
import { cluster, testNamespace, until, type TestCluster } from '#testing';
import { wrongObjects } from '../support/wrong-objects.ts';

const apiVersion = 'plumbline.dev/v1alpha1';
const kinds = ['gitsources', 'stacks', 'changes', 'plans', 'approvals', 'inventories'];
const url = 'https://git.example/platform.git';

let api: TestCluster;
let namespace: string;

beforeAll(async () => {
  api = await cluster();
  namespace = await testNamespace(api);
});
afterAll(async () => {
  // The operators of the files after this one would fetch these sources, which are nowhere, again and again.
  const path = `/apis/${apiVersion}/namespaces/${namespace}`;
  for (const plural of ['stacks', 'gitsources'])
    await api.transport.request({ method: 'DELETE', path: `${path}/${plural}` });
  await api[Symbol.asyncDispose]();
});

// JSON is YAML.
const apply = (kind: string, name: string, spec: object): Promise<KubeObject[]> =>
  api.apply(JSON.stringify({ apiVersion, kind, metadata: { name, namespace }, spec }));

/** What the API server says when it refuses; empty when it does not. */
const refusal = (kind: string, name: string, spec: object): Promise<string> =>
  apply(kind, name, spec).then(
    () => '',
    (error: unknown) => `${String(error)} ${JSON.stringify(error)}`,
  );

test.each(kinds)('the CRD of %s is established and structural', async (plural) => {
  const conditions = await until(`${plural} is established`, async () => {
    const crd = await api.get('apiextensions.k8s.io/v1', 'CustomResourceDefinition', `${plural}.plumbline.dev`);
    const status = crd?.['status'] as { conditions?: { type: string; status: string; message: string }[] } | undefined;
    return status?.conditions?.some(({ type, status: holds }) => type === 'Established' && holds === 'True')
      ? status.conditions
      : undefined;
  });
  expect(conditions.filter(({ type }) => type === 'NonStructuralSchema')).toEqual([]);
  expect(conditions.filter(({ type, status }) => type === 'NamesAccepted' && status !== 'True')).toEqual([]);
});

test.each(wrongObjects)('$kind: $name is refused with the sentence of its rule', async (wrong) => {
  const said = await refusal(wrong.kind, wrong.objectName ?? 'wrong', wrong.spec);
  expect(said).toContain(JSON.stringify(wrong.message).slice(1, -1));
});

test.each([
  'https://git.example/a.git',
  'http://127.0.0.1:8080/a',
  'ssh://git@git.example:22/a.git',
  'git@git.example:group/a.git',
  'file:///srv/a.git',
])('a GitSource takes the url %s', async (address) => {
  await expect(refusal('GitSource', 'right', { url: address })).resolves.toBe('');
});

test('a GitSource is served with its defaults', async () => {
  const [source] = await apply('GitSource', 'defaults', { url });
  expect(source?.['spec']).toEqual({ url, interval: '1m', timeout: '60s', submodules: false, suspend: false });
});

test('a Stack is served with its defaults, those inside drift too', async () => {
  const [stack] = await apply('Stack', 'defaults', { sourceRef: { name: 'platform' } });
  expect(stack?.['spec']).toEqual({
    sourceRef: { name: 'platform', kind: 'GitSource' },
    path: '.',
    engine: 'manifests',
    interval: '10m',
    timeout: '5m',
    prune: true,
    wait: true,
    drift: { mode: 'correct' },
    force: false,
    recreate: false,
    allowEmpty: false,
    suspend: false,
    deletionPolicy: 'Delete',
    history: 10,
    pruneLimit: 50,
  });
});

test('a Change cannot be changed', async () => {
  const commit = { sha: 'a'.repeat(40), author: 'a', committer: 'a', subject: 's', time: '2026-01-01T00:00:00Z' };
  const counts = { created: 1, configured: 0, pruned: 0, failed: 0, durationMs: 5 };
  const spec = {
    ...{ stack: 'shop', revision: 'main@sha1:aaaa', commit, digest: 'd', result: 'Applied', message: 'm' },
    ...{ objects: [{ object: 'ConfigMap/shop/a', action: 'created', fields: ['data'] }], ...counts },
    startedAt: '2026-01-01T00:00:00Z',
  };
  await apply('Change', 'shop-1', spec);
  await expect(refusal('Change', 'shop-1', spec)).resolves.toBe('');
  await expect(refusal('Change', 'shop-1', { ...spec, created: 2 })).resolves.toContain('it cannot be changed');
});
