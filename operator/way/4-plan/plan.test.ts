import { describe, expect, test } from '@jest/globals';
import { objectKey, type KubeObject, type ObjectKey } from '#kube';
import type { InventoryEntry, Rendered } from '#values';
import { planObjects, reverseOfApply, type PlanInput } from './plan.ts';
import { assertPruneLimit } from './prune-limit.ts';

const object = (
  apiVersion: string,
  kind: string,
  name: string,
  annotations: Record<string, string> = {},
): KubeObject => ({
  apiVersion,
  kind,
  metadata: { name, annotations },
});

const rendered = (...objects: KubeObject[]): Rendered => ({
  digest: 'd',
  objects: objects.map((each) => ({
    key: objectKey(each),
    object: each,
    digest: `d-${each.metadata.name}`,
    origin: { file: 'a.yaml', line: 1 },
  })),
});

const inventory = (...keys: (readonly [string, string])[]): Map<ObjectKey, InventoryEntry> =>
  new Map(keys.map(([key, desired]) => [key as ObjectKey, { key: key as ObjectKey, desired, seen: 's', commit: 'c' }]));

const plan = (input: Partial<PlanInput>) =>
  planObjects({
    rendered: rendered(),
    inventory: new Map(),
    prune: true,
    movesTo: () => undefined,
    keepsWhenPruned: () => false,
    ...input,
  });

test('definitions go first and hold up the rest, webhooks go last', () => {
  const { waves } = plan({
    rendered: rendered(
      object('admissionregistration.k8s.io/v1', 'ValidatingWebhookConfiguration', 'hook'),
      object('apps/v1', 'Deployment', 'web'),
      object('v1', 'ConfigMap', 'settings'),
      object('scheduling.k8s.io/v1', 'PriorityClass', 'high'),
      object('v1', 'Namespace', 'shop'),
    ),
  });
  expect(waves.map(({ name, barrier, objects }) => [name, barrier, objects.map(({ key }) => key)])).toEqual([
    ['definitions', true, ['Namespace/shop']],
    ['classes', false, ['PriorityClass.scheduling.k8s.io/high']],
    ['rest', false, ['ConfigMap/settings', 'Deployment.apps/web']],
    ['webhooks', false, ['ValidatingWebhookConfiguration.admissionregistration.k8s.io/hook']],
  ]);
});

test('numbered waves wait for each other', () => {
  const { waves } = plan({
    rendered: rendered(
      object('v1', 'ConfigMap', 'second', { 'plumbline.dev/wave': '2' }),
      object('v1', 'ConfigMap', 'first', { 'plumbline.dev/wave': '-1' }),
    ),
  });
  expect(waves.map(({ name, barrier }) => [name, barrier])).toEqual([
    ['rest -1', true],
    ['rest 2', false],
  ]);
});

describe('what happens to an object', () => {
  const settings = object('v1', 'ConfigMap', 'settings');
  const cases = [
    { name: 'new', inventory: inventory(), object: settings, action: 'apply' },
    { name: 'unchanged', inventory: inventory(['ConfigMap/settings', 'd-settings']), object: settings, action: 'keep' },
    { name: 'changed', inventory: inventory(['ConfigMap/settings', 'other']), object: settings, action: 'apply' },
    { name: 'cut short', inventory: inventory(['ConfigMap/settings', '']), object: settings, action: 'apply' },
    {
      name: 'skipped',
      inventory: inventory(),
      object: object('v1', 'ConfigMap', 'settings', { 'plumbline.dev/apply': 'skip' }),
      action: 'skip',
    },
    {
      name: 'create-only and there',
      inventory: inventory(['ConfigMap/settings', 'other']),
      object: object('v1', 'ConfigMap', 'settings', { 'plumbline.dev/apply': 'create-only' }),
      action: 'keep',
    },
  ];
  test.each(cases)('$name -> $action', (each) => {
    const { waves } = plan({ rendered: rendered(each.object), inventory: each.inventory });
    expect(waves[0]?.objects[0]?.action).toBe(each.action);
  });
});

describe('what left Git', () => {
  const owned = { inventory: inventory(['ConfigMap/old', 'd']) };
  test.each([
    { name: 'is pruned', input: {}, action: 'prune' },
    { name: 'is forgotten when prune is off', input: { prune: false }, action: 'forget' },
    { name: 'is forgotten when it asks to be kept', input: { keepsWhenPruned: () => true }, action: 'forget' },
    { name: 'is handed over when another stack renders it', input: { movesTo: () => 'ns/other' }, action: 'forget' },
  ])('$name', ({ input, action }) => {
    expect(plan({ ...owned, ...input }).prunes.map((pruned) => pruned.action)).toEqual([action]);
  });
});

test('pruning walks the order of apply backwards', () => {
  const keys = [
    'Namespace/shop',
    'Deployment.apps/shop/web',
    'MutatingWebhookConfiguration.admissionregistration.k8s.io/hook',
    'ClusterRole.rbac.authorization.k8s.io/r',
  ];
  expect(
    keys
      .map((key) => ({ key: key as ObjectKey }))
      .sort(reverseOfApply)
      .map(({ key }) => key),
  ).toEqual([keys[2], keys[1], keys[3], keys[0]]);
});

describe('the prune limit', () => {
  const keys = (count: number): ObjectKey[] =>
    [...Array(count).keys()].map((index) => `ConfigMap/c${index}` as ObjectKey);
  test('ten objects may always go', () => {
    expect(() => assertPruneLimit({ prunes: keys(10), owned: 10, percent: 50, confirmed: undefined })).not.toThrow();
  });
  test('more than the share is refused with a confirmation that names exactly this set', () => {
    const limit = { prunes: keys(60), owned: 100, percent: 50, confirmed: undefined };
    const message = catchMessage(() => assertPruneLimit(limit));
    expect(message).toMatch(
      /^60 of 100 objects would be pruned: ConfigMap\/c0, .* and 55 more, expected at most 50 at once/,
    );
    const confirmed = /confirm-prune: (\S+) on the stack/.exec(message)?.[1];
    expect(() => assertPruneLimit({ ...limit, confirmed })).not.toThrow();
    expect(() => assertPruneLimit({ ...limit, prunes: keys(61), confirmed })).toThrow();
  });
});

function catchMessage(run: () => void): string {
  try {
    run();
  } catch (error) {
    return (error as Error).message;
  }
  throw new Error('did not throw');
}
