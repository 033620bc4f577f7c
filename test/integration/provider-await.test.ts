/** The Kubernetes provider waits for what it made: on the real API server and its controllers, with the test as the kubelet. */
import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { loadClusterConfig, patchStatus, type KubeObject } from '#kube';
import { cluster, EngineLog, kubeconfig, PulumiProgram, testNamespace, until, type TestCluster } from '#testing';
import { kubeconfigText } from '#toolchain';
import { NotInitialized, objects, Provider, type Created, type ValueMap } from '#provider';

let api: TestCluster;
let engine: EngineLog;
let provider: Provider;
let namespace: string;

beforeAll(async () => {
  api = await cluster();
  namespace = await testNamespace(api);
  engine = await EngineLog.start();
  provider = startProvider();
});

afterAll(async () => {
  await provider[Symbol.asyncDispose]();
  await engine[Symbol.asyncDispose]();
  await api[Symbol.asyncDispose]();
});

function startProvider(given: ValueMap = {}): Provider {
  const started = new Provider(engine.address, { KUBECONFIG: kubeconfig });
  started.configure(given, '');
  return started;
}

const urnOf = (name: string): string => `urn:pulumi:dev::shop::kubernetes:any::${name}`;

interface Made {
  readonly type: string;
  readonly name: string;
  readonly fields?: ValueMap;
  readonly annotations?: Readonly<Record<string, string>>;
}

function create({ type, name, fields = {}, annotations = {} }: Made, by = provider): Promise<Created> {
  const slash = type.lastIndexOf('/');
  const own = Object.entries(annotations).map(([key, value]) => [`pulumi.com/${key}`, value]);
  const inputs: ValueMap = {
    apiVersion: type.slice(0, slash),
    kind: type.slice(slash + 1),
    metadata: { name, namespace, annotations: Object.fromEntries(own) as ValueMap },
    ...fields,
  };
  const named = { urn: urnOf(name), type: 'kubernetes:any', name };
  return objects.create(by.session, { ...named, inputs, timeoutMs: undefined, preview: false });
}

/** What the engine is told when it does not get ready: the message first. */
async function reasonsOf(making: Promise<Created>): Promise<readonly string[]> {
  const error: unknown = await making.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof NotInitialized)) throw new Error(`it should not have got ready: ${String(error)}`);
  expect(error.outputs).toHaveProperty(['metadata', 'uid']);
  return error.reasons;
}

const podSpec = { containers: [{ name: 'web', image: 'web:1' }] };
const deployment = (app: string): ValueMap => ({
  spec: { selector: { matchLabels: { app } }, template: { metadata: { labels: { app } }, spec: podSpec } },
});

function podOf(app: string): Promise<KubeObject> {
  return until(`a pod of ${app}`, async () => {
    const path = `/api/v1/namespaces/${namespace}/pods`;
    const query = { labelSelector: `app=${app}` };
    const { body } = await api.transport.request<{ items: KubeObject[] }>({ method: 'GET', path, query });
    return body.items[0];
  });
}

async function setStatus(type: string, name: string, status: unknown): Promise<void> {
  const slash = type.lastIndexOf('/');
  const version = type.slice(0, slash).split('/').at(-1);
  const group = type.includes('/') && slash !== type.indexOf('/') ? type.slice(0, type.indexOf('/')) : '';
  const resource = await api.discovery.resource({ group, kind: type.slice(slash + 1) }, version);
  if (resource === undefined) throw new Error(`no ${type}`);
  await patchStatus({ transport: api.transport, resource, name, namespace, patch: { status } });
}

const pulling = {
  phase: 'Pending',
  containerStatuses: [
    {
      name: 'web',
      image: 'web:1',
      imageID: '',
      ready: false,
      restartCount: 0,
      state: { waiting: { reason: 'ImagePullBackOff', message: 'Back-off pulling image "web:1"' } },
    },
  ],
};
const running = (podIP: string): unknown => ({
  phase: 'Running',
  podIP,
  podIPs: [{ ip: podIP }],
  conditions: [
    { type: 'Ready', status: 'True' },
    { type: 'ContainersReady', status: 'True' },
  ],
});

test('a Deployment is waited for until its pods are ready; meanwhile the line beside it says what they wait for', async () => {
  const making = create({ type: 'apps/v1/Deployment', name: 'slow', fields: deployment('slow') });
  const { metadata } = await podOf('slow');
  await setStatus('v1/Pod', metadata.name, pulling);
  await until('the pod is told of', () =>
    Promise.resolve(engine.of(urnOf('slow')).some((text) => text.includes('ImagePullBackOff')) || undefined),
  );
  await setStatus('v1/Pod', metadata.name, running('10.1.0.1'));
  const { outputs } = await making;
  expect(outputs).toMatchObject({ status: { availableReplicas: 1 } });
  const told = engine.told.filter(({ urn }) => urn === urnOf('slow'));
  expect(told.every(({ passing }) => passing)).toBe(true);
  expect(told.map(({ text }) => text)).toContain('0 of 1 replicas are available');
  expect(told.at(-1)?.text).toBe('');
  const waits = 'container web waits: ImagePullBackOff: Back-off pulling image "web:1"';
  expect(told.map(({ text }) => text)).toContain(`0 of 1 replicas are available; pod ${metadata.name}: ${waits}`);
});

test('when the time is over, pods, events and conditions say why; the object is kept', async () => {
  const making = reasonsOf(
    create({
      type: 'apps/v1/Deployment',
      name: 'stuck',
      fields: deployment('stuck'),
      annotations: { timeoutSeconds: '3' },
    }),
  );
  const { metadata } = await podOf('stuck');
  await setStatus('v1/Pod', metadata.name, pulling);
  await api.apply(`
apiVersion: v1
kind: Event
metadata: {name: stuck.1, namespace: ${namespace}}
involvedObject: {apiVersion: v1, kind: Pod, name: ${metadata.name}, namespace: ${namespace}, uid: ${metadata.uid}}
type: Warning
reason: Failed
message: 'Failed to pull image "web:1": not found'
`);
  expect(await making).toEqual([
    `Deployment.apps/${namespace}/stuck is not ready after 3 s: 0 of 1 replicas are available`,
    `pod ${metadata.name}: container web waits: ImagePullBackOff: Back-off pulling image "web:1"`,
    `pod ${metadata.name}: Failed: Failed to pull image "web:1": not found`,
  ]);
});

test('what can not get ready by itself fails at once; so does what is deleted meanwhile', async () => {
  const failing = reasonsOf(
    create({ type: 'v1/Pod', name: 'broken', fields: { spec: { ...podSpec, restartPolicy: 'Never' } } }),
  );
  const going = reasonsOf(create({ type: 'v1/Pod', name: 'going', fields: { spec: podSpec } }));
  await until('both pods are waited for', () =>
    Promise.resolve(['broken', 'going'].every((name) => engine.of(urnOf(name)).length > 0) || undefined),
  );
  await setStatus('v1/Pod', 'broken', { phase: 'Failed', reason: 'Evicted', message: 'the node had no memory left' });
  await api.delete('v1', 'Pod', 'going', namespace);
  expect((await failing)[0]).toBe(`Pod/${namespace}/broken failed: the node had no memory left`);
  expect((await going)[0]).toBe(`Pod/${namespace}/going was deleted while it was waited for`);
});

test('a Service waits for the pods that it selects, and for none when there are none', async () => {
  const service = (name: string): Made => ({
    type: 'v1/Service',
    name,
    fields: { spec: { selector: { app: name }, ports: [{ port: 80 }] } },
  });
  await create(service('alone'));
  expect(engine.of(urnOf('alone'))).toEqual([]);
  // Pods on a node that nobody knows get no endpoints.
  await api.apply(`
{apiVersion: v1, kind: Node, metadata: {name: ${namespace}}}
---
apiVersion: v1
kind: Pod
metadata: {name: server, namespace: ${namespace}, labels: {app: served}}
spec: {nodeName: ${namespace}, containers: [{name: web, image: "web:1"}]}
`);
  const making = create(service('served'));
  await until('the pod is waited for', () => Promise.resolve(engine.of(urnOf('served'))[0]));
  expect(engine.of(urnOf('served'))).toEqual(['1 of the 1 pods that it selects are not ready']);
  await setStatus('v1/Pod', 'server', running('10.1.0.2'));
  await making;
  await api.delete('v1', 'Node', namespace);
});

test('waitFor decides for any kind; one that means nothing is refused beforehand', async () => {
  const waitFor = '["jsonpath={.data.ready}=yes", "jsonpath={.data.more}"]';
  const making = create({ type: 'v1/ConfigMap', name: 'asked', annotations: { waitFor } });
  await until('it is waited for', () => Promise.resolve(engine.of(urnOf('asked'))[0]));
  await api.edit({ apiVersion: 'v1', kind: 'ConfigMap', name: 'asked', namespace }, { data: { ready: 'yes' } });
  await api.edit({ apiVersion: 'v1', kind: 'ConfigMap', name: 'asked', namespace }, { data: { more: 'any' } });
  expect((await making).outputs).toMatchObject({ data: { ready: 'yes', more: 'any' } });
  expect(engine.of(urnOf('asked')).at(0)).toBe('{.data.ready} leads to nothing yet');
  const inputs: ValueMap = {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { namespace, annotations: { 'pulumi.com/waitFor': 'soon', 'pulumi.com/timeoutSeconds': '5m' } },
  };
  const named = { urn: urnOf('wrong'), type: 'kubernetes:core/v1:ConfigMap', name: 'wrong' };
  const request = { ...named, olds: undefined, news: inputs, seed: new Uint8Array(), autonaming: undefined };
  expect((await objects.check(provider.session, request)).failures).toEqual([
    {
      property: 'metadata.annotations["pulumi.com/waitFor"]',
      reason: expect.stringMatching(/^pulumi.com\/waitFor: "soon" means nothing, expected "condition=Type"/),
    },
    {
      property: 'metadata.annotations["pulumi.com/timeoutSeconds"]',
      reason: 'expected a number of seconds, found "5m"',
    },
  ]);
});

test('skipAwait waits for nothing, and a stopped run for nothing more', async () => {
  await create({ type: 'v1/Pod', name: 'skipped', fields: { spec: podSpec }, annotations: { skipAwait: 'true' } });
  await using stopped = startProvider();
  const making = reasonsOf(create({ type: 'v1/Pod', name: 'stopped', fields: { spec: podSpec } }, stopped));
  await until('it is waited for', () => Promise.resolve(engine.of(urnOf('stopped'))[0]));
  stopped.cancel();
  expect(await making).toEqual([`Pod/${namespace}/stopped was not ready when the run was stopped: the pod is Pending`]);
});

test('an account that may not watch is told so, and the object is kept', async () => {
  await api.apply(`
{apiVersion: v1, kind: ServiceAccount, metadata: {name: blind, namespace: ${namespace}}}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: blind, namespace: ${namespace}}
rules: [{apiGroups: [""], resources: [pods], verbs: [create, patch]}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: blind, namespace: ${namespace}}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: blind}
subjects: [{kind: ServiceAccount, name: blind, namespace: ${namespace}}]
`);
  const { body } = await api.transport.request<{ status: { token: string } }>({
    method: 'POST',
    path: `/api/v1/namespaces/${namespace}/serviceaccounts/blind/token`,
    body: { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: {} },
  });
  const { server, ca = '' } = await loadClusterConfig({ kubeconfig });
  const { token } = body.status;
  await using blind = startProvider({ kubeconfig: kubeconfigText({ server, ca, token, namespace }) });
  const [reason] = await reasonsOf(create({ type: 'v1/Pod', name: 'unseen', fields: { spec: podSpec } }, blind));
  expect(reason).toMatch(/unseen: the wait for it broke off: .* cannot (list|watch) resource "pods"/);
});

test('a refresh says of an object whether it is ready now', async () => {
  const { id, outputs } = await create({
    type: 'v1/Pod',
    name: 'read',
    fields: { spec: podSpec },
    annotations: { skipAwait: 'true' },
  });
  const inputs: ValueMap = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'read', namespace }, spec: podSpec };
  const request = { urn: urnOf('read'), type: 'kubernetes:core/v1:Pod', name: 'read', id, oldInputs: inputs };
  const reading = objects.read(provider.session, { ...request, oldOutputs: outputs });
  await expect(reading).rejects.toThrow(`Pod/${namespace}/read is not ready: the pod is Pending`);
});

test('a deletion is waited for; one that does not end names the finalizers that hold it', async () => {
  const name = 'held';
  const { id, outputs } = await create({ type: 'v1/ConfigMap', name });
  const object = { apiVersion: 'v1', kind: 'ConfigMap', name, namespace };
  await api.edit(object, { metadata: { finalizers: ['example.com/backup'] } });
  const inputs: ValueMap = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace } };
  const request = {
    urn: urnOf(name),
    type: 'kubernetes:core/v1:ConfigMap',
    name,
    id,
    oldInputs: inputs,
    oldOutputs: outputs,
  };
  const deleting = objects.delete(provider.session, { ...request, timeoutMs: 300 });
  await expect(deleting).rejects.toThrow(
    `ConfigMap/${namespace}/held: it is still there 0.3 s after its deletion, found finalizers example.com/backup`,
  );
  const again = objects.delete(provider.session, { ...request, timeoutMs: undefined });
  await until('it is told of', () =>
    Promise.resolve(engine.of(urnOf(name)).includes('it is being deleted: finalizers example.com/backup') || undefined),
  );
  await api.edit(object, { metadata: { finalizers: null } });
  await again;
});

test('an update that does not get ready fails and keeps what it made; the next one goes on', async () => {
  const program = await PulumiProgram.create(await readFile(kubeconfig, 'utf8'));
  await program.write(`
    const app = { app: 'kept' };
    const web = new k8s.apps.v1.Deployment('web', {
      metadata: { name: 'kept', namespace: '${namespace}', annotations: { 'pulumi.com/timeoutSeconds': '1' } },
      spec: { selector: { matchLabels: app }, template: { metadata: { labels: app }, spec: ${JSON.stringify(podSpec)} } },
    });
    new k8s.core.v1.ConfigMap('after', { metadata: { namespace: '${namespace}' } }, { dependsOn: web });
  `);
  const { code, said } = await program.run(['up', '--yes', '--skip-preview', '--stack', 'dev']);
  expect(code).not.toBe(0);
  expect(said).toContain(`Deployment.apps/${namespace}/kept is not ready after 1 s: 0 of 1 replicas are available`);
  const failed = await program.state();
  expect(failed.get('web')).toMatchObject({
    id: `${namespace}/kept`,
    outputs: { metadata: { uid: expect.any(String) } },
  });
  expect(failed.get('after')).toBeUndefined();
  await setStatus('v1/Pod', (await podOf('kept')).metadata.name, running('10.1.0.3'));
  const again = await program.up();
  expect(again).toContain('~ 1 updated');
  expect(again).toContain('+ 1 created');
  expect((await program.state()).get('web')?.outputs).toMatchObject({ status: { availableReplicas: 1 } });
});
