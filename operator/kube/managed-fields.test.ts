import { expect, test } from '@jest/globals';
import { digestOf, isAppliedAlike, managedDigest } from './digest.ts';
import { fieldPaths, managersOf, mergeEntries } from './managed-fields.ts';
import type { KubeObject, ManagedFields } from './object.ts';

const item = 'k:{"containerPort":80,"protocol":"TCP"}';
const template = { 'f:containers': { 'k:{"name":"web"}': { '.': {}, 'f:image': {}, 'f:ports': { [item]: {} } } } };

test('fieldsV1 is read as people write paths', () => {
  const fields = {
    'f:metadata': { 'f:labels': { 'f:app.kubernetes.io/name': {} }, 'f:finalizers': { 'v:"x.dev/y"': {} } },
    'f:spec': { 'f:replicas': {}, 'f:template': { 'f:spec': template } },
  };
  expect(fieldPaths(fields)).toEqual([
    'metadata.labels["app.kubernetes.io/name"]',
    'metadata.finalizers["x.dev/y"]',
    'spec.replicas',
    'spec.template.spec.containers[name=web].image',
    'spec.template.spec.containers[name=web].ports[containerPort=80,protocol=TCP]',
  ]);
});

const entry = (manager: string, fieldsV1: ManagedFields['fieldsV1'], more: ManagedFields = {}): ManagedFields => ({
  manager,
  operation: 'Update',
  apiVersion: 'v1',
  time: '2026-01-01T00:00:00Z',
  fieldsV1: fieldsV1 ?? {},
  ...more,
});
const withFields = (...managedFields: ManagedFields[]): KubeObject => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: 'a', managedFields },
});

test.each([
  ['spec.replicas', ['hpa']],
  ['spec.template.spec.containers[name=web].image', ['kubectl-edit']],
  ['spec.template', ['kubectl-edit']],
  ['spec.paused', []],
])('managers of %s: %s', (path, managers) => {
  const object = withFields(
    entry('kubectl-edit', { 'f:spec': { 'f:template': { 'f:spec': template } } }),
    entry('hpa', { 'f:spec': { 'f:replicas': {} } }),
    entry('kubelet', { 'f:spec': { 'f:paused': {} } }, { subresource: 'status' }),
  );
  expect(managersOf(object, path)).toEqual(managers);
});

const clientSide = 'kubectl-client-side-apply';
const annotation = { 'f:annotations': { 'f:kubectl.kubernetes.io/last-applied-configuration': {}, 'f:note': {} } };
const apply = { operation: 'Apply' } as const;

test("kubectl's client-side entry becomes part of ours, without its annotation", () => {
  const merged = mergeEntries(
    [
      entry('other', { 'f:z': {} }),
      entry(clientSide, { 'f:metadata': annotation, 'f:data': { 'f:a': {} } }),
      entry('plumbline', { 'f:data': { 'f:b': {} } }, apply),
    ],
    'plumbline',
  );
  expect(merged).toEqual([
    entry('other', { 'f:z': {} }),
    entry(
      'plumbline',
      { 'f:metadata': { 'f:annotations': { 'f:note': {} } }, 'f:data': { 'f:a': {}, 'f:b': {} } },
      apply,
    ),
  ]);
});

test.each([
  ['an Apply of the same name', entry(clientSide, { 'f:a': {} }, apply)],
  ['its status', entry(clientSide, { 'f:a': {} }, { subresource: 'status' })],
  ['kubectl-create', entry('kubectl-create', { 'f:a': {} })],
  ['Helm', entry('helm', { 'f:a': {} })],
])('%s is left alone', (_name, other) => {
  expect(mergeEntries([other], 'plumbline')).toBeUndefined();
});

test('without an entry of ours the client-side one becomes it', () => {
  expect(mergeEntries([entry(clientSide, { 'f:a': {} })], 'plumbline')).toEqual([
    entry('plumbline', { 'f:a': {} }, apply),
  ]);
});

test('the digest of our fields changes with fields, time and version of our own entry alone', () => {
  const ours = entry('plumbline', { 'f:a': {} }, apply);
  const digest = managedDigest(withFields(ours));
  expect(digest).toMatch(/^[\w-]{16}$/);
  expect(managedDigest(withFields(entry('other', { 'f:b': {} }), ours))).toBe(digest);
  expect(managedDigest(withFields({ ...ours, fieldsV1: {} }))).not.toBe(digest);
  expect(managedDigest(withFields({ ...ours, time: '2026-01-01T00:00:01Z' }))).not.toBe(digest);
  expect(managedDigest(withFields({ ...ours, apiVersion: 'v2' }))).not.toBe(digest);
  expect(managedDigest(withFields({ ...ours, subresource: 'status' }))).toBe('');
});

test('who has applied the same fields is told whatever is in them, when, and who else has fields', () => {
  const [own, other] = [{ operation: 'Apply' }, { operation: 'Update' }] as const;
  const ours = entry('plumbline', { 'f:a': {}, 'f:b': {} }, own);
  const later = { ...ours, fieldsV1: { 'f:b': {}, 'f:a': {} }, time: '2026-01-01T00:00:01Z' };
  expect(isAppliedAlike(withFields(ours), withFields(entry('other', { 'f:a': {} }), later))).toBe(true);
  expect(isAppliedAlike(withFields(ours), withFields(entry('plumbline', { 'f:a': {} }, own)))).toBe(false);
  expect(isAppliedAlike(withFields(ours), withFields({ ...ours, ...other }))).toBe(false);
  expect(isAppliedAlike(withFields(ours), withFields(entry('plumbline', {}, own)), 'other')).toBe(true);
});

test('the digest of content does not depend on the order of keys', () => {
  expect(digestOf({ a: 1, b: [{ c: 'ü', d: null }] })).toBe(digestOf({ b: [{ d: null, c: 'ü' }], a: 1 }));
  expect(digestOf([1, 2])).not.toBe(digestOf([2, 1]));
  expect(digestOf({ a: undefined })).toBe(digestOf({}));
  expect(digestOf({})).toMatch(/^[\w-]{22}$/);
});
