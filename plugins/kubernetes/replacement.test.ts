import { describe, expect, test } from '@jest/globals';
import type { Value, ValueMap } from './property.ts';
import { parsePath } from './property-path.ts';
import { asksForReplacement, replacingFields } from './replacement.ts';

const immutable = { configMapMutable: false, secretMutable: false };
const mutable = { configMapMutable: true, secretMutable: true };

const type = (text: string, fields: ValueMap = {}): ValueMap => {
  const slash = text.lastIndexOf('/');
  return { apiVersion: text.slice(0, slash), kind: text.slice(slash + 1), ...fields };
};

interface How {
  readonly before?: Value;
  readonly after?: Value;
  readonly allow?: typeof mutable;
  readonly isPatch?: boolean;
}

function replaces(
  of: ValueMap,
  path: string,
  { before = 1, after = 2, allow = immutable, isPatch = false }: How = {},
): boolean {
  return asksForReplacement({ path: parsePath(path), before, after }, replacingFields(of, allow, isPatch));
}

// Each line is one of the official provider's table.
test.each<[string, readonly string[], readonly string[]]>([
  [
    'apps/v1/Deployment',
    ['spec.selector', 'spec.selector.matchLabels.app', 'metadata.name', 'metadata.namespace'],
    ['spec.replicas', 'spec.template', 'metadata.labels.a', 'apiVersion'],
  ],
  ['apps/v1beta1/Deployment', ['metadata.name'], ['spec.selector']],
  ['apps/v1/DaemonSet', ['spec.selector.matchExpressions[0].key'], ['spec.template']],
  [
    'apps/v1/StatefulSet',
    ['spec.serviceName', 'spec.podManagementPolicy', 'spec.volumeClaimTemplates[0].spec', 'spec.revisionHistoryLimit'],
    ['spec.replicas', 'spec.updateStrategy'],
  ],
  ['apps/v1beta1/StatefulSet', ['spec.serviceName'], ['spec.template']],
  [
    'batch/v1/Job',
    ['spec.template.spec.containers[0].image', 'spec.completions', 'spec.parallelism', 'spec.selector'],
    ['spec.backoffLimit', 'spec.suspend'],
  ],
  ['batch/v1/CronJob', [], ['spec.schedule', 'spec.jobTemplate']],
  ['v1/PersistentVolume', ['spec.nfs.path', 'spec.csi'], ['spec.capacity.storage']],
  [
    'v1/PersistentVolumeClaim',
    ['spec.accessModes[0]', 'spec.storageClassName', 'spec.volumeName', 'spec.selector'],
    ['spec.resources.requests.storage'],
  ],
  [
    'v1/Pod',
    [
      'spec.containers[0].image',
      'spec.containers[1].env[0].value',
      'spec.initContainers[0].args',
      'spec.nodeName',
      'spec.volumes[0].name',
    ],
    ['spec.tolerations', 'spec.activeDeadlineSeconds', 'spec.containers[0].name'],
  ],
  ['v1/ResourceQuota', ['spec.scopes[0]'], ['spec.hard.pods']],
  ['v1/Service', ['spec.clusterIP'], ['spec.type', 'spec.ports[0].port']],
  ['storage.k8s.io/v1/StorageClass', ['parameters.type', 'provisioner'], ['allowVolumeExpansion']],
  ['rbac.authorization.k8s.io/v1/RoleBinding', ['roleRef.name'], ['subjects[0].name']],
  ['rbac.authorization.k8s.io/v1/ClusterRoleBinding', ['roleRef'], ['subjects']],
  ['policy/v1beta1/PodDisruptionBudget', ['spec.minAvailable'], []],
  ['policy/v1/PodDisruptionBudget', [], ['spec.minAvailable']],
  ['example.com/v1/Widget', ['metadata.name'], ['spec.size', 'data.a']],
])('%s', (kind, anew, inPlace) => {
  expect(anew.filter((path) => !replaces(type(kind), path))).toEqual([]);
  expect(inPlace.filter((path) => replaces(type(kind), path))).toEqual([]);
});

describe('the content of ConfigMaps and Secrets', () => {
  test.each<[string, string]>([
    ['v1/ConfigMap', 'data.key'],
    ['v1/ConfigMap', 'binaryData.key'],
    ['v1/Secret', 'data.key'],
    ['v1/Secret', 'stringData.key'],
  ])(
    '%s %s makes a new object unless the provider says that it is mutable and the object not that it is not',
    (kind, path) => {
      expect(replaces(type(kind), path)).toBe(true);
      expect(replaces(type(kind), path, { allow: mutable })).toBe(false);
      expect(replaces(type(kind, { immutable: true }), path, { allow: mutable })).toBe(true);
    },
  );

  test('the type of a Secret always does', () => {
    expect(replaces(type('v1/Secret'), 'type', { allow: mutable })).toBe(true);
  });
});

test('a field that comes or goes with what is around it counts', () => {
  const whole = { name: 'b', image: 'b:1' };
  expect(replaces(type('v1/Pod'), 'spec.containers[1]', { before: null, after: whole })).toBe(true);
  expect(replaces(type('v1/Pod'), 'spec.containers[1]', { before: whole, after: null })).toBe(true);
  expect(replaces(type('v1/Pod'), 'spec.containers[1]', { before: null, after: { name: 'b' } })).toBe(false);
  expect(replaces(type('v1/Service'), 'spec', { before: null, after: { clusterIP: '10.0.0.1' } })).toBe(true);
  expect(replaces(type('v1/Service'), 'spec', { before: null, after: { type: 'ClusterIP' } })).toBe(false);
});

test('a Patch changes everything but what it is a patch of', () => {
  expect(replaces(type('apps/v1/Deployment'), 'spec.selector', { isPatch: true })).toBe(false);
  expect(replaces(type('apps/v1/Deployment'), 'metadata.name', { isPatch: true })).toBe(true);
});
