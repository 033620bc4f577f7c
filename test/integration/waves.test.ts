import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { annotated, configMap, Platform, startTestOperator, type TestOperator } from '#testing';

let operator: TestOperator;
beforeAll(async () => {
  operator = await startTestOperator();
}, 60_000);
afterAll(async () => operator[Symbol.asyncDispose]());

const definition = (group: string): string => `apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: gauges.${group}}
spec:
  group: ${group}
  scope: Namespaced
  names: {kind: Gauge, plural: gauges}
  versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}}]
`;

test('one commit brings a namespace, a definition and objects that need both, in any order of files', async () => {
  await using platform = await Platform.create({});
  const group = `${platform.namespace}.example.com`;
  const inside = `${platform.namespace}-inside`;
  await platform.commit({
    'app/1.yaml': `apiVersion: ${group}/v1\nkind: Gauge\nmetadata: {name: g, namespace: ${inside}}\n`,
    'app/2.json': JSON.stringify({
      apiVersion: 'v1',
      kind: 'List',
      items: [{ apiVersion: 'v1', kind: 'Namespace', metadata: { name: inside } }],
    }),
    'app/3.yaml': `${definition(group)}---\n${configMap('a', '1', `  namespace: ${inside}\n`)}`,
  });
  await platform.stack('app');
  await platform.ready('app');
  expect(await platform.cluster.get(`${group}/v1`, 'Gauge', 'g', inside)).toBeDefined();
  expect(await platform.changes('app')).toMatchObject([{ result: 'Applied', created: 4 }]);
});

test('a numbered wave waits for the one before, and a newer commit need not wait', async () => {
  const late = configMap('late', '1', annotated({ wave: '2' }));
  const stuck = `apiVersion: apps/v1
kind: Deployment
metadata: {name: stuck, annotations: {plumbline.dev/wave: "1"}}
spec: {selector: {matchLabels: {app: stuck}}, template: {metadata: {labels: {app: stuck}}, spec: {containers: [{name: c, image: "c:1"}]}}}
`;
  await using platform = await Platform.create({
    'app/a.yaml': configMap('early'),
    'app/b.yaml': stuck,
    'app/c.yaml': late,
  });
  await platform.stack('app');
  const waits = await platform.condition('app', 'Reconciling', 'HealthProgressing');
  expect(waits.message).toBe(`wave rest 1 waits for Deployment.apps/${platform.namespace}/stuck`);
  expect(await platform.configMap('early')).toBeDefined();
  expect(await platform.configMap('late')).toBeUndefined();
  await platform.applied('app', await platform.commit({ 'app/b.yaml': null }));
  expect(await platform.configMap('late')).toBeDefined();
});
