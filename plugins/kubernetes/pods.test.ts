import { expect, test } from '@jest/globals';
import type { KubeObject } from '#kube';
import { isSettled, podSelector, troublesOf } from './pods.ts';

const pod = (status: unknown, deletionTimestamp?: string): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'web-1', ...(deletionTimestamp === undefined ? {} : { deletionTimestamp }) },
  status,
});
const container = (state: unknown, more = {}): unknown => ({
  containerStatuses: [{ name: 'web', ready: false, state, ...more }],
});

test.each<[string, KubeObject, readonly string[]]>([
  [
    'no image',
    pod(container({ waiting: { reason: 'ImagePullBackOff', message: 'Back-off pulling image "web:1"' } })),
    ['pod web-1: container web waits: ImagePullBackOff: Back-off pulling image "web:1"'],
  ],
  [
    'a crash',
    pod(
      container(
        { waiting: { reason: 'CrashLoopBackOff' } },
        { restartCount: 4, lastState: { terminated: { exitCode: 1, reason: 'Error', message: 'no config\n' } } },
      ),
    ),
    [
      'pod web-1: container web waits: CrashLoopBackOff',
      'pod web-1: container web ended with exit code 1 (Error: no config), 4 restarts',
    ],
  ],
  [
    'no node',
    pod({
      conditions: [
        { type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message: '0/3 nodes are available' },
      ],
    }),
    ['pod web-1: not scheduled: 0/3 nodes are available'],
  ],
  ['an eviction', pod({ phase: 'Failed', reason: 'Evicted' }), ['pod web-1: it failed: Evicted']],
  [
    'a probe',
    pod({ conditions: [{ type: 'Ready', status: 'False', message: 'containers with unready status: [web]' }] }),
    ['pod web-1: containers with unready status: [web]'],
  ],
  ['a pod on its way', pod(container({ waiting: { reason: 'ContainerCreating' } })), []],
  [
    'an init container that ended well',
    pod({ initContainerStatuses: [{ name: 'init', ready: false, state: { terminated: { exitCode: 0 } } }] }),
    [],
  ],
])('says of %s what is wrong', (_what, live, expected) => {
  expect(troublesOf(live)).toEqual(expected);
});

test.each<[string, KubeObject, boolean]>([
  ['ready', pod({ conditions: [{ type: 'Ready', status: 'True' }] }), true],
  ['done', pod({ phase: 'Succeeded' }), true],
  ['going', pod({ phase: 'Running' }, '2026-01-01T00:00:00Z'), true],
  ['pending', pod({ phase: 'Pending' }), false],
])('nobody waits for a pod that is %s: %#', (_what, live, expected) => {
  expect(isSettled(live)).toBe(expected);
});

test.each<[string, unknown, string | undefined]>([
  ['Service', { app: 'web', tier: 'front' }, 'app=web,tier=front'],
  ['ReplicationController', { app: 'web' }, 'app=web'],
  ['Deployment', { matchLabels: { app: 'web' } }, 'app=web'],
  [
    'StatefulSet',
    {
      matchExpressions: [
        { key: 'a', operator: 'In', values: ['1', '2'] },
        { key: 'b', operator: 'DoesNotExist' },
        { key: 'c', operator: 'Exists' },
      ],
    },
    'a in (1,2),!b,c',
  ],
  ['Service', {}, undefined],
  ['Service', undefined, undefined],
])('the pods of a %s with %j are found by %s', (kind, selector, expected) => {
  expect(podSelector({ apiVersion: 'v1', kind, metadata: { name: 'a' }, spec: { selector } })).toBe(expected);
});
