import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { setTimeout as sleep } from 'node:timers/promises';
import { configMap, Platform, startTestOperator, type TestOperator } from '#testing';

let operator: TestOperator;
beforeAll(async () => {
  operator = await startTestOperator();
}, 60_000);
afterAll(async () => operator[Symbol.asyncDispose]());

const gateOf = (platform: Platform, open: string): Promise<unknown> =>
  platform.cluster.apply(configMap('gate', open, `  namespace: ${platform.namespace}\n`));
const gate = `{apiVersion: v1, kind: ConfigMap, name: gate, current: "self.data.value == 'open'", failed: "self.data.value == 'broken'"}`;

test('an object that is not in Git decides about Ready: absent, not yet, as wanted, broken; by watch alone', async () => {
  await using platform = await Platform.create({ 'app/a.yaml': configMap('a') });
  await platform.stack('app', `interval: 1s, healthChecks: [${gate}]`);
  const key = `ConfigMap/${platform.namespace}/gate`;
  const absent = await platform.condition('app', 'Healthy', 'HealthProgressing');
  expect(absent.message).toBe(`${key}: it does not exist`);
  await sleep(1000);
  const { length: before } = await operator.requests();
  await sleep(2000);
  expect((await operator.requests()).slice(before)).toEqual([]);
  await gateOf(platform, 'closed');
  await gateOf(platform, 'open');
  await platform.ready('app');
  await gateOf(platform, 'broken');
  expect(await platform.fails('app', 'HealthFailed')).toBe(`not ready: ${key}: its health check says that it failed`);
  await gateOf(platform, 'open');
  await platform.ready('app');
  await platform.stack('app', 'healthChecks: []');
  await platform.cluster.delete('v1', 'ConfigMap', 'gate', platform.namespace);
  await platform.ready('app');
});

test('a check sees what the account of the stack may see, and says what it lacks', async () => {
  await using platform = await Platform.create({ 'app/a.yaml': configMap('a') });
  const { namespace } = platform;
  const allow = (rules: string): Promise<unknown> =>
    platform.cluster.apply(`{apiVersion: v1, kind: ServiceAccount, metadata: {name: small, namespace: ${namespace}}}
---
{apiVersion: rbac.authorization.k8s.io/v1, kind: Role, metadata: {name: small, namespace: ${namespace}}, rules: [${rules}]}
---
{apiVersion: rbac.authorization.k8s.io/v1, kind: RoleBinding, metadata: {name: small, namespace: ${namespace}},
 roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: small}, subjects: [{kind: ServiceAccount, name: small, namespace: ${namespace}}]}
`);
  const maps = '{apiGroups: [""], resources: [configmaps], verbs: [get, create, patch]}';
  const lease = '{apiGroups: [coordination.k8s.io], resources: [leases], resourceNames: [gate], verbs: [list, watch]}';
  await allow(maps);
  await platform.cluster.apply(
    `{apiVersion: coordination.k8s.io/v1, kind: Lease, metadata: {name: gate, namespace: ${namespace}}, spec: {holderIdentity: me}}`,
  );
  await platform.stack(
    'app',
    `serviceAccountName: small, healthChecks: [{apiVersion: coordination.k8s.io/v1, kind: Lease, name: gate, current: "self.spec.holderIdentity == 'me'"}]`,
  );
  const refused = await platform.condition('app', 'Healthy', 'HealthProgressing');
  expect(refused.message).toContain(`ServiceAccount ${namespace}/small may not watch leases`);
  await allow(`${maps}, ${lease}`);
  await platform.ready('app');
});

test('CEL judges a kind of the stack that follows no convention', async () => {
  await using platform = await Platform.create({ 'app/a.yaml': configMap('a', 'wait') });
  const check = `{apiVersion: v1, kind: ConfigMap, current: "self.data.value == 'go'"}`;
  await platform.stack('app', `healthChecks: [${check}]`);
  const waits = await platform.condition('app', 'Healthy', 'HealthProgressing');
  expect(waits.message).toBe(`ConfigMap/${platform.namespace}/a: its health check does not hold yet`);
  await platform.applied('app', await platform.commit({ 'app/a.yaml': configMap('a', 'go') }));
});
