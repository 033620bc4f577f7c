import { expect, test } from '@jest/globals';
import type { KubeObject } from '#kube';
import { ruleOf } from './readiness.ts';
import { readSettings } from './settings.ts';

const live = (type: string, fields: Record<string, unknown> = {}): KubeObject => {
  const slash = type.lastIndexOf('/');
  return { apiVersion: type.slice(0, slash), kind: type.slice(slash + 1), metadata: { name: 'a' }, ...fields };
};
const pod = (ready: boolean): KubeObject =>
  live('v1/Pod', { status: { conditions: [{ type: 'Ready', status: ready ? 'True' : 'False' }] } });
const slice = (...ready: boolean[]): KubeObject =>
  live('discovery.k8s.io/v1/EndpointSlice', { endpoints: ready.map((each) => ({ conditions: { ready: each } })) });
const annotated = (name: string, value: string): { metadata: { annotations: Record<string, string> } } => ({
  metadata: { annotations: { [`pulumi.com/${name}`]: value } },
});

async function missing(
  object: KubeObject,
  companions: readonly KubeObject[] = [],
  found?: KubeObject,
): Promise<string | undefined> {
  const rule = ruleOf({}, object, readSettings({}, {}));
  if (rule === undefined) return 'not waited for';
  const { status, message } = await rule.judge({ live: object, companions, find: () => Promise.resolve(found) });
  return status === 'current' ? undefined : message;
}

const selecting = (spec = {}): KubeObject =>
  live('v1/Service', { spec: { selector: { app: 'a' }, clusterIP: '10.0.0.1', ...spec } });
const claim = (status: unknown): KubeObject =>
  live('v1/PersistentVolumeClaim', { spec: { storageClassName: 'slow' }, status });
const late = live('storage.k8s.io/v1/StorageClass', { volumeBindingMode: 'WaitForFirstConsumer' });

test.each<[string, KubeObject, readonly KubeObject[], string | undefined]>([
  ['no pod that it selects', selecting(), [], undefined],
  ['a pod that is not ready', selecting(), [pod(false)], '1 of the 1 pods that it selects are not ready'],
  [
    'a pod that has done its work',
    selecting(),
    [live('v1/Pod', { status: { phase: 'Succeeded' } }), slice()],
    undefined,
  ],
  ['a pod without an endpoint yet', selecting(), [pod(true), slice()], 'it has no endpoints yet'],
  ['an endpoint that is not ready', selecting(), [pod(true), slice(true, false)], '1 of its 2 endpoints are not ready'],
  ['ready endpoints', selecting(), [pod(true), slice(true)], undefined],
  ['no selector', live('v1/Service', { spec: { clusterIP: '10.0.0.1' } }), [], undefined],
  ['no address of its own', selecting({ clusterIP: 'None' }), [pod(false)], undefined],
  ['a name elsewhere', selecting({ type: 'ExternalName' }), [pod(false)], undefined],
  [
    'a load balancer without an address',
    selecting({ type: 'LoadBalancer' }),
    [],
    'the load balancer has no address yet',
  ],
])('a Service with %s', async (_what, object, companions, expected) => {
  expect(await missing(object, companions)).toBe(expected);
});

test.each<[string, KubeObject, string | undefined]>([
  ['v1/ConfigMap', live('v1/ConfigMap'), 'not waited for'],
  [
    'example.com/v1/Widget',
    live('example.com/v1/Widget', { status: { conditions: [{ type: 'Ready', status: 'False' }] } }),
    'not waited for',
  ],
  ['v1/Secret', live('v1/Secret', { type: 'Opaque' }), 'not waited for'],
  ['v1/Secret', live('v1/Secret', { type: 'kubernetes.io/service-account-token' }), 'it holds no token yet'],
  ['networking.k8s.io/v1/Ingress', live('networking.k8s.io/v1/Ingress'), 'no controller has given it an address yet'],
  ['v1/PersistentVolume', live('v1/PersistentVolume', { status: { phase: 'Available' } }), undefined],
  ['v1/PersistentVolume', live('v1/PersistentVolume', { status: { phase: 'Pending' } }), 'the volume is Pending'],
  [
    'v1/ResourceQuota',
    live('v1/ResourceQuota', { spec: { hard: { pods: '1' } }, status: {} }),
    'the quota of pods does not hold yet',
  ],
  [
    'v1/ReplicationController',
    live('v1/ReplicationController', { spec: { replicas: 2 }, status: { availableReplicas: 1 } }),
    '1 of 2 replicas are available',
  ],
])('%s: %#', async (_type, object, expected) => {
  expect(await missing(object)).toBe(expected);
});

test('a claim whose class waits for a pod is ready before it is bound', async () => {
  expect(await missing(claim({ phase: 'Pending' }), [], late)).toBeUndefined();
  expect(await missing(claim({ phase: 'Pending' }))).toBe('the claim is Pending');
  expect(await missing(claim({ phase: 'Bound' }))).toBeUndefined();
});

test('skipAwait waits for nothing, waitFor for what it says, PULUMI_K8S_AWAIT_ALL for every kind', () => {
  const settings = readSettings({}, {});
  const widget = live('example.com/v1/Widget');
  expect(ruleOf(annotated('skipAwait', 'true'), live('v1/Pod'), settings)).toBeUndefined();
  expect(ruleOf(annotated('waitFor', 'condition=Ready'), widget, settings)).toBeDefined();
  expect(() => ruleOf(annotated('waitFor', 'soon'), widget, settings)).toThrow('"soon" means nothing');
  expect(ruleOf({}, widget, readSettings({}, { PULUMI_K8S_AWAIT_ALL: 'true' }))).toBeDefined();
});
