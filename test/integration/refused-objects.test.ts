import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Platform } from '#testing';
import { refuseConfigMaps } from '../support/admission-policy.ts';
import { configMap, startTestOperator, until, type TestOperator } from '#testing';
import { breakApp, mendApp, twoStacks } from '../support/harmless.ts';

let operator: TestOperator;
beforeAll(async () => {
  operator = await startTestOperator();
}, 60_000);
afterAll(async () => operator[Symbol.asyncDispose]());

const toldAt = 'app/a.yaml:1: ';

test('a missing ServiceAccount is named; one without rights is told verb and resource; with both it goes on by itself', async () => {
  await using platform = await twoStacks();
  const { namespace } = platform;
  await platform.stack('app', 'retryInterval: 1s, serviceAccountName: nobody');
  const files = { 'app/a.yaml': configMap('a', '2') };
  expect(await breakApp(platform, files, 'ServiceAccountNotFound')).toContain(
    `ServiceAccount ${namespace}/nobody does not exist`,
  );
  await platform.cluster.apply(
    `{apiVersion: v1, kind: ServiceAccount, metadata: {name: nobody, namespace: ${namespace}}}`,
  );
  const message = await platform.fails('app', 'Forbidden');
  expect(message).toContain(`${toldAt}ServiceAccount ${namespace}/nobody may not patch configmaps`);
  expect(message).toContain('grant patch on configmaps');
  expect((await platform.configMap('a'))?.data).toEqual({ value: '1' });
  await platform.cluster.apply(`
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: nobody, namespace: ${namespace}}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: admin}
subjects: [{kind: ServiceAccount, name: nobody, namespace: ${namespace}}]
`);
  await platform.ready('app');
  expect((await platform.configMap('a'))?.data).toEqual({ value: '2' });
});

/** Refuses ConfigMaps of the namespace by a CEL expression, with a message. */
async function addPolicy(platform: Platform, expression: string, message: string): Promise<void> {
  const { cluster, namespace } = platform;
  await refuseConfigMaps(platform, { validations: [{ expression, message }] });
  await until('the policy is in force', () =>
    cluster
      .edit({ apiVersion: 'v1', kind: 'ConfigMap', name: 'b', namespace }, { data: { value: 'refused' } })
      .then(() => undefined)
      .catch((error: unknown) => (String(error).includes(message) ? true : undefined)),
  );
}

describe('an admission policy that refuses an object', () => {
  test('is named with what it says, and harms nothing', async () => {
    await using platform = await twoStacks();
    await addPolicy(platform, "object.data.value != 'refused'", 'this value is not allowed here');
    const message = await breakApp(platform, { 'app/a.yaml': configMap('a', 'refused') }, 'AdmissionDenied');
    expect(message).toContain(toldAt);
    expect(message).toContain(`ValidatingAdmissionPolicy '${platform.namespace}'`);
    expect(message).toContain('this value is not allowed here');
    await mendApp(platform);
  });

  test('proves no immutable field, whatever it says: nothing is created anew', async () => {
    await using platform = await twoStacks('retryInterval: 1s, recreate: true');
    await addPolicy(platform, "oldObject == null || object.data.value != 'refused'", 'field is immutable');
    await breakApp(platform, { 'app/a.yaml': configMap('a', 'refused') }, 'AdmissionDenied');
    await mendApp(platform);
  });
});

test('an admission webhook that does not answer is named, and the object is applied once it is gone', async () => {
  await using platform = await twoStacks();
  const { cluster, namespace } = platform;
  await cluster.apply(`
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingWebhookConfiguration
metadata: {name: ${namespace}}
webhooks:
- name: down.example.com
  admissionReviewVersions: [v1]
  sideEffects: None
  failurePolicy: Fail
  timeoutSeconds: 1
  clientConfig: {url: "https://127.0.0.1:1/"}
  namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: ${namespace}}}
  objectSelector: {matchLabels: {refused: "yes"}}
  rules: [{apiGroups: [""], apiVersions: [v1], operations: [CREATE, UPDATE], resources: [configmaps]}]
`);
  await until('the webhook is asked', () =>
    cluster
      .edit({ apiVersion: 'v1', kind: 'ConfigMap', name: 'b', namespace }, { metadata: { labels: { refused: 'yes' } } })
      .then(() => undefined)
      .catch((error: unknown) => (String(error).includes('down.example.com') ? true : undefined)),
  );
  const files = { 'app/a.yaml': configMap('a', '2', '  labels: {refused: "yes"}\n') };
  const message = await breakApp(platform, files, 'AdmissionDenied');
  expect(message).toContain(`${toldAt}an admission webhook could not be asked: `);
  expect(message).toContain('failed calling webhook "down.example.com"');
  await cluster.delete('admissionregistration.k8s.io/v1', 'ValidatingWebhookConfiguration', namespace);
  await platform.ready('app');
  expect((await platform.configMap('a'))?.data).toEqual({ value: '2' });
});

test('an exceeded quota is named, and the object is applied once there is room', async () => {
  await using platform = await twoStacks();
  const { cluster, namespace } = platform;
  const quota = (most: number): Promise<unknown> =>
    cluster.apply(
      `{apiVersion: v1, kind: ResourceQuota, metadata: {name: small, namespace: ${namespace}}, spec: {hard: {configmaps: "${most}"}}}`,
    );
  // a, b, and the one with the cluster's certificate.
  await until('the namespace has its certificate', () => platform.configMap('kube-root-ca.crt'));
  await quota(3);
  await until('the quota has counted', async () => {
    const found = await cluster.get('v1', 'ResourceQuota', 'small', namespace);
    return (found?.['status'] as { used?: { configmaps?: string } } | undefined)?.used?.configmaps === '3' || undefined;
  });
  const message = await breakApp(platform, { 'app/c.yaml': configMap('c') }, 'QuotaExceeded');
  expect(message).toMatch(/app\/c\.yaml:1: .*exceeded quota: small, requested: configmaps=1, used: configmaps=3/);
  expect(await platform.configMap('c')).toBeUndefined();
  await quota(4);
  await platform.ready('app');
  expect(await platform.configMap('c')).toBeDefined();
});

test('a namespace that is stuck terminating is named, and the object is applied once there is a new one', async () => {
  await using platform = await twoStacks();
  const { cluster } = platform;
  const name = `${platform.namespace}-held`;
  const namespace = `{apiVersion: v1, kind: Namespace, metadata: {name: ${name}}}`;
  await cluster.apply(namespace);
  await cluster.apply(configMap('held', '1', `  namespace: ${name}\n  finalizers: [example.com/held]\n`));
  await cluster.delete('v1', 'Namespace', name);
  const files = { 'app/late.yaml': configMap('late', '1', `  namespace: ${name}\n`) };
  const message = await breakApp(platform, files, 'NamespaceTerminating');
  expect(message).toContain('app/late.yaml:1: ');
  expect(message).toContain(`namespace ${name} because it is being terminated`);
  await cluster.edit(
    { apiVersion: 'v1', kind: 'ConfigMap', name: 'held', namespace: name },
    { metadata: { finalizers: null } },
  );
  expect(await platform.fails('app', 'NamespaceNotFound')).toContain(`namespace ${name}`);
  await cluster.apply(namespace);
  await platform.ready('app');
  expect(await cluster.get('v1', 'ConfigMap', 'late', name)).toBeDefined();
});

test('a field of another manager is reported with its name, and taken when told to', async () => {
  await using platform = await twoStacks();
  await platform.cluster.transport.request({
    method: 'POST',
    path: `/api/v1/namespaces/${platform.namespace}/configmaps`,
    query: { fieldManager: 'someone' },
    body: { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'c' }, data: { value: 'theirs' } },
  });
  expect(await breakApp(platform, { 'app/c.yaml': configMap('c') }, 'FieldConflict')).toContain('data.value (someone)');
  expect((await platform.configMap('c'))?.data).toEqual({ value: 'theirs' });
  await platform.stack('app', 'force: true');
  await platform.ready('app');
  expect((await platform.configMap('c'))?.data).toEqual({ value: '1' });
});

test('an invalid object with recreate deletes nothing; a proven immutable field recreates', async () => {
  const job = (image: string): string =>
    `apiVersion: batch/v1\nkind: Job\nmetadata: {name: j}\nspec: {suspend: true, template: {spec: {restartPolicy: Never, containers: [{name: c, image: "${image}"}]}}}\n`;
  await using platform = await twoStacks('retryInterval: 1s, wait: false, recreate: true');
  await platform.applied('app', await platform.commit({ 'app/job.yaml': job('one') }));
  const uid = async (): Promise<string | undefined> =>
    (await platform.cluster.get('batch/v1', 'Job', 'j', platform.namespace))?.metadata.uid;
  const before = await uid();
  const message = await breakApp(platform, { 'app/job.yaml': job('') }, 'ObjectInvalid');
  expect(message).toMatch(/app\/job\.yaml:1: .*image/);
  expect(await uid()).toBe(before);
  await platform.applied('app', await platform.commit({ 'app/job.yaml': job('two') }));
  expect(await uid()).not.toBe(before);
});
