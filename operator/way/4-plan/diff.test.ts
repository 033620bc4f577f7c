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
