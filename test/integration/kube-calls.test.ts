import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import {
  ApiError,
  apiFailure,
  applyObject,
  createObject,
  deleteObject,
  Discovery,
  fieldPaths,
  getObject,
  loadClusterConfig,
  takeOverFields,
  Transport,
  type KubeObject,
  type RequestRecord,
  type Resource,
} from '#kube';
import { cluster, FaultProxy, kubeconfig, testNamespace, type Fault, type TestCluster } from '#testing';

let direct: TestCluster;
let proxy: FaultProxy;
let transport: Transport;
let configMaps: Resource;
let namespace: string;
const asked: RequestRecord[] = [];

beforeAll(async () => {
  direct = await cluster();
  const config = await loadClusterConfig({ kubeconfig });
  proxy = await FaultProxy.start(config);
  transport = new Transport({ server: proxy.url, token: config.token }, { onRequest: (record) => asked.push(record) });
  configMaps = await find(direct.discovery, 'ConfigMap');
  namespace = await testNamespace(direct);
}, 60_000);
afterAll(async () => {
  await transport.close();
  await proxy[Symbol.asyncDispose]();
  await direct[Symbol.asyncDispose]();
});

async function find(discovery: Discovery, kind: string): Promise<Resource> {
  const resource = await discovery.resource({ group: '', kind });
  if (resource === undefined) throw new Error(`${kind} is not served`);
  return resource;
}

const configMap = (name: string, data: Record<string, string>): KubeObject => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, namespace },
  data,
});

/** The fault meets the first request after it only. */
function once(fault: Fault): void {
  asked.length = 0;
  let left = 1;
  proxy.fault = () => (left-- > 0 ? fault : undefined);
}

const apply = (object: KubeObject): ReturnType<typeof applyObject> =>
  applyObject({ transport, resource: configMaps, object, force: false });

test.each<[string, Fault]>([
  ['a connection that is cut before the answer', { swallow: true }],
  ['a connection that is cut in the answer', { cutAfter: 20 }],
  ['429', { refuse: { status: 429, headers: { 'retry-after': '0' } } }],
  ['503', { refuse: { status: 503 } }],
])('an apply is sent again after %s', async (name, fault) => {
  const object = configMap(`retry-${name.replaceAll(/\W+/g, '-')}`, { value: '1' });
  once(fault);
  expect((await apply(object)).object).toMatchObject({ data: { value: '1' } });
  expect(asked).toHaveLength(2);
});

test('a create whose answer was lost is not sent again', async () => {
  once({ swallow: true });
  const create = createObject({ transport, resource: configMaps, object: configMap('lost', {}) });
  await expect(create).rejects.toMatchObject({ status: 0 });
  expect(asked).toHaveLength(1);
  expect(await getObject({ transport, resource: configMaps, namespace, name: 'lost' })).toBeDefined();
});

test('Retry-After is waited for', async () => {
  once({ refuse: { status: 429, headers: { 'retry-after': '1' } } });
  const started = performance.now();
  await getObject({ transport, resource: configMaps, namespace, name: 'any' });
  expect(performance.now() - started).toBeGreaterThanOrEqual(1000);
});

test('what is aborted while it waits for a try ends at once, with the reason', async () => {
  once({ refuse: { status: 429, headers: { 'retry-after': '30' } } });
  const stop = new AbortController();
  const waiting = getObject({ transport, resource: configMaps, namespace, name: 'any', signal: stop.signal });
  const reason = new Error('newer commit');
  setTimeout(() => stop.abort(reason), 20);
  await expect(waiting).rejects.toBe(reason);
});

test('without aggregated discovery the same kinds are found, group by group', async () => {
  const aggregated = await direct.discovery.all();
  proxy.fault = (_method, url) => (url === '/api' || url === '/apis' ? { accept: 'application/json' } : undefined);
  const byGroup = await new Discovery(transport).all();
  const sorted = (resources: Resource[]): string[] =>
    resources
      .map(({ group, kind, version, plural, namespaced }) => `${group} ${kind} ${version} ${plural} ${namespaced}`)
      .sort();
  expect(sorted(byGroup)).toEqual(sorted(aggregated));
});

test('an apply says whether it created, and names unknown fields and other managers', async () => {
  proxy.fault = () => undefined;
  expect((await apply(configMap('said', { value: '1' }))).created).toBe(true);
  expect((await apply(configMap('said', { value: '1' }))).created).toBe(false);
  await direct.edit({ apiVersion: 'v1', kind: 'ConfigMap', name: 'said', namespace }, { data: { value: 'hand' } });
  const facts = { verb: 'patch', key: `ConfigMap/${namespace}/said` };
  const refused = async (object: KubeObject): Promise<unknown> =>
    apiFailure(await apply(object).catch((e: unknown) => e), facts);
  expect(await refused(configMap('said', { value: '2' }))).toMatchObject({
    reason: 'FieldConflict',
    message: expect.stringMatching(/data\.value \(kubectl-edit\)/),
  });
  expect(await refused({ ...configMap('said', {}), bogus: 1 })).toMatchObject({
    reason: 'ObjectInvalid',
    message: expect.stringMatching(/bogus/),
  });
});

test('an apply that may only create leaves alone what is there', async () => {
  const create = (value: string): ReturnType<typeof applyObject> =>
    applyObject({
      transport,
      resource: configMaps,
      object: configMap('only', { value }),
      force: true,
      createOnly: true,
    });
  expect(await create('1')).toMatchObject({ created: true, object: { data: { value: '1' } } });
  await expect(create('2')).rejects.toMatchObject({ status: 409, api: { reason: 'Conflict' } });
  expect(await getObject({ transport, resource: configMaps, namespace, name: 'only' })).toMatchObject({
    data: { value: '1' },
  });
});

test('what the API server warns of is handed on', async () => {
  const object: KubeObject = { apiVersion: 'v1', kind: 'Endpoints', metadata: { name: 'old', namespace } };
  const resource = await find(direct.discovery, 'Endpoints');
  const answer = await applyObject({ transport, resource, object, force: false, validation: 'Warn' });
  expect(answer.warnings).toEqual([expect.stringMatching(/^v1 Endpoints is deprecated/)]);
});

test('deletions keep their connections', async () => {
  const names = Array.from({ length: 20 }, (_, index) => `kept-${index}`);
  for (const name of names) await apply(configMap(name, {}));
  let connected = 0;
  const count = (): void => void (connected += 1);
  subscribe('undici:client:connected', count);
  for (const name of names) await deleteObject({ transport, resource: configMaps, namespace, name });
  unsubscribe('undici:client:connected', count);
  expect(connected).toBeLessThan(5);
});

test.each([
  ['a number', { stringData: { password: 1234567 } }, '1234567'],
  ['a list', { stringData: { password: ['hunter2'] } }, 'hunter2'],
  ['no base64', { data: { password: 'hunter2!' } }, 'hunter2'],
])('what the API server says of a Secret that holds %s does not hold it', async (_name, content, value) => {
  const object = { apiVersion: 'v1', kind: 'Secret', metadata: { name: 's', namespace }, ...content };
  const resource = await find(direct.discovery, 'Secret');
  const error: unknown = await applyObject({ transport, resource, object, force: true }).catch((e: unknown) => e);
  expect(error).toBeInstanceOf(ApiError);
  const found = apiFailure(error, { verb: 'patch', key: `Secret/${namespace}/s` });
  expect(found.reason).toBe('ObjectInvalid');
  expect(`${found.message} ${String(found.cause)}`).not.toContain(value);
});

test("fields of kubectl's client-side apply become ours, so that leaving one out removes it", async () => {
  const annotations = { 'kubectl.kubernetes.io/last-applied-configuration': '{}' };
  const object = {
    ...configMap('kubectl', { keep: '1', drop: '1' }),
    metadata: { name: 'kubectl', namespace, annotations },
  };
  const path = `/api/v1/namespaces/${namespace}/configmaps`;
  const query = { fieldManager: 'kubectl-client-side-apply' };
  const { body: live } = await transport.request<KubeObject>({ method: 'POST', path, query, body: object });
  await takeOverFields({ transport, resource: configMaps, live });
  const { object: after } = await apply(configMap('kubectl', { keep: '2' }));
  expect(after['data']).toEqual({ keep: '2' });
  expect(after.metadata.annotations).toBeUndefined();
  expect(after.metadata.managedFields).toHaveLength(1);
  expect(after.metadata.managedFields?.[0]?.manager).toBe('plumbline');
  expect(fieldPaths(after.metadata.managedFields?.[0]?.fieldsV1)).toEqual(['data.keep']);
});
