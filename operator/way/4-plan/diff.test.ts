import { expect, test } from '@jest/globals';
import type { KubeObject } from '#kube';
import { changedFields } from './diff.ts';

const deployment = (replicas: number, image: string, extra: Record<string, unknown> = {}): KubeObject => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'web', namespace: 'shop', resourceVersion: String(replicas), labels: { app: 'web' } },
  spec: {
    replicas,
    template: {
      spec: {
        containers: [
          { name: 'sidecar', image: 'a:1' },
          { name: 'web', image, ...extra },
        ],
      },
    },
  },
  status: { replicas },
});

test('names a changed field and both values, and leaves status and server-set metadata out', () => {
  expect(changedFields(deployment(2, 'web:1'), deployment(3, 'web:1'))).toEqual([
    { path: 'spec.replicas', pointer: '/spec/replicas', from: 2, to: 3 },
  ]);
});

test('finds list items by name, and points into the first object by index', () => {
  expect(changedFields(deployment(2, 'web:1'), deployment(2, 'web:2'))).toEqual([
    {
      path: 'spec.template.spec.containers[name=web].image',
      pointer: '/spec/template/spec/containers/1/image',
      from: 'web:1',
      to: 'web:2',
    },
  ]);
});

test('tells an added field from a removed one', () => {
  const [added] = changedFields(deployment(2, 'w:1'), deployment(2, 'w:1', { tty: true }));
  const [removed] = changedFields(deployment(2, 'w:1', { tty: true }), deployment(2, 'w:1'));
  expect([added?.from, added?.to, removed?.from, removed?.to]).toEqual([undefined, true, true, undefined]);
});

test('quotes keys that are no plain names', () => {
  const before = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a', annotations: { 'a/b': '1' } } };
  const after = { ...before, metadata: { name: 'a', annotations: { 'a/b': '2' } } };
  expect(changedFields(before, after)).toMatchObject([
    { path: 'metadata.annotations["a/b"]', pointer: '/metadata/annotations/a~1b' },
  ]);
});

test('tells ports of one number apart by their protocol', () => {
  const ports = (name: string): unknown[] => [{ containerPort: 53 }, { containerPort: 53, protocol: 'UDP', name }];
  const changes = changedFields(
    deployment(2, 'dns:1', { ports: ports('a') }),
    deployment(2, 'dns:1', { ports: ports('b') }),
  );
  expect(changes).toMatchObject([
    { path: 'spec.template.spec.containers[name=web].ports[containerPort=53,protocol=UDP].name', from: 'a', to: 'b' },
  ]);
});

test('shows a list whose items nothing tells apart as a whole', () => {
  const env = (value: string): unknown[] => [
    { name: 'A', value: '1' },
    { name: 'A', value },
  ];
  const changes = changedFields(deployment(2, 'w:1', { env: env('2') }), deployment(2, 'w:1', { env: env('3') }));
  expect(changes.map(({ path }) => path)).toEqual(['spec.template.spec.containers[name=web].env']);
});

test('names the key of a first label, and of a last one', () => {
  const bare = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a' } };
  const labelled = { ...bare, metadata: { name: 'a', labels: { tier: 'front' } } };
  const change = { path: 'metadata.labels.tier', pointer: '/metadata/labels/tier' };
  expect(changedFields(bare, labelled)).toEqual([{ ...change, from: undefined, to: 'front' }]);
  expect(changedFields(labelled, bare)).toEqual([{ ...change, from: 'front', to: undefined }]);
});

test('never shows the values of a Secret', () => {
  const secret = (value: string): KubeObject => ({
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 's' },
    data: { password: value },
  });
  const changes = changedFields(secret('b2xk'), secret('bmV3'));
  expect(changes).toEqual([{ path: 'data.password', pointer: '/data/password', from: '***', to: '***' }]);
});

test('an object does not differ from itself', () => {
  expect(changedFields(deployment(2, 'web:1'), deployment(2, 'web:1'))).toEqual([]);
});
