/** What a run has done, as a Change tells it and as the inventory keeps it: the state has the last word. */
import { describe, expect, test } from '@jest/globals';
import type { Stack } from '#api';
import { InventoryStore } from '#apply';
import { failure } from '#runtime';
import type { ObjectKey, Resource, Transport } from '#kube';
import type { EngineContext } from '../engine.ts';
import { changedObjects, enter, failedObjects, sentObjects } from './accounting.ts';
import type { Ended } from './operation.ts';
import type { StateResource, Step, StepOperation } from './values.ts';

const type = 'kubernetes:core/v1:ConfigMap';
const urnOf = (name: string): string => `urn:pulumi:dev::shop::${type}::${name}`;
const key = (name: string): ObjectKey => `ConfigMap/team/${name}` as ObjectKey;

/** As the state has a ConfigMap that our provider made; `seen` changes with each write. */
const resource = (name: string, seen = 's1', change: Partial<StateResource> = {}): StateResource => ({
  urn: urnOf(name),
  type,
  id: `team/${name}`,
  parent: undefined,
  dependencies: [],
  outputs: {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    __managed: seen,
    __inputs: { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, labels: { app: 'shop' } }, data: { a: '1' } },
  },
  pending: false,
  replaced: false,
  ...change,
});

const step = (name: string, operation: StepOperation, paths: readonly string[] = []): Step => ({
  urn: urnOf(name),
  type,
  operation,
  fields: paths.map((path) => ({ path, from: 'a', to: 'b', replaces: false })),
});

const ended = (steps: readonly Step[], before: readonly StateResource[], after: readonly StateResource[]): Ended => ({
  report: { steps, failedSteps: [], unchanged: 0, diagnostics: [], outputs: {}, durationMs: 1 },
  before,
  after,
  failed: undefined,
});

describe('a Change tells', () => {
  test.each<[StepOperation, string]>([
    ['create', 'created'],
    ['update', 'configured'],
    ['delete', 'pruned'],
    ['import', 'adopted'],
  ])('%s as %s', (operation, action) => {
    const state = [resource('a')];
    expect(changedObjects(ended([step('a', operation, ['data.a'])], state, state))).toEqual([
      { key: key('a'), action, fields: ['data.a'] },
    ]);
  });

  test('the steps of a replacement as one, with each field once', () => {
    const steps = [
      step('a', 'create-replacement', ['data.a']),
      step('a', 'replace', ['data.a', 'metadata.name']),
      step('a', 'delete-replaced'),
    ];
    expect(changedObjects(ended(steps, [resource('a')], [resource('a')]))).toEqual([
      { key: key('a'), action: 'recreated', fields: ['data.a', 'metadata.name'] },
    ]);
  });

  test('neither what changes nothing nor what is only Pulumi’s; what is no Kubernetes object by its URN', () => {
    const random = { ...step('r', 'create'), urn: 'urn:pulumi:dev::shop::random:index:Id::r', type: 'random:index:Id' };
    const provider = { ...step('p', 'create'), type: 'pulumi:providers:kubernetes' };
    const steps = [step('a', 'read'), step('a', 'refresh'), provider, random];
    expect(changedObjects(ended(steps, [], [resource('a')]))).toEqual([
      { key: random.urn, action: 'created', fields: [] },
    ]);
  });
});

test('failures are told object by object, all that was said of each; that of the program as a whole is not one of them', () => {
  const failed = failure('UpdateFailed', { what: 'it was refused' });
  const say = (urn: string, message: string, severity: 'error' | 'warning' = 'error') => ({ urn, message, severity });
  const diagnostics = [
    say(urnOf('a'), ' forbidden '),
    say(urnOf('a'), 'quota'),
    say(urnOf('b'), 'old', 'warning'),
    say('', 'update failed'),
    say('urn:pulumi:dev::shop::pulumi:pulumi:Stack::shop-dev', 'update failed'),
  ];
  const whole = ended([], [], [resource('a')]);
  const report = { ...whole.report, diagnostics };
  expect(failedObjects({ ...whole, report, failed })).toEqual([
    { key: key('a'), reason: 'UpdateFailed', message: 'forbidden; quota' },
  ]);
  expect(failedObjects({ ...whole, report })).toEqual([]);
});

describe('the inventory', () => {
  function world() {
    const inventory = new InventoryStore({} as Transport, {} as Resource);
    const of = {
      metadata: { name: 'shop', namespace: 'team', uid: 'u', creationTimestamp: '2026-01-01T10:00:05Z' },
      spec: { path: 'deploy' },
    } as unknown as Stack;
    const stack = { namespace: 'team', name: 'shop', uid: 'u' };
    const at = (commit: string): EngineContext => ({ inventory, commit, stack, of }) as unknown as EngineContext;
    return { inventory, at, names: () => [...inventory.of('team/shop').keys()] };
  }

  test('holds what the state holds, and says by which commit it was last changed', () => {
    const { inventory, at, names } = world();
    enter(ended([step('a', 'create'), step('b', 'create')], [], [resource('a'), resource('b')]), at('c1'));
    enter(ended([step('b', 'update')], [], [resource('a'), resource('b', 's2')]), at('c2'));
    expect(names()).toEqual([key('a'), key('b')]);
    expect(inventory.of('team/shop').get(key('a'))).toMatchObject({ commit: 'c1', seen: 's1', unrecorded: 'created' });
    expect(inventory.of('team/shop').get(key('b'))).toMatchObject({ commit: 'c2', seen: 's2', unrecorded: 'created' });
    expect(inventory.ownerOf(key('b'))).toBe('team/shop');
  });

  test('takes in what an earlier run made and nobody told of', () => {
    const { inventory, at } = world();
    enter(ended([], [resource('a')], [resource('a')]), at('c1'));
    expect(inventory.unrecorded('team/shop')).toEqual([{ key: key('a'), action: 'created' }]);
  });

  test('what the provider left, since another stack owns it now, was not pruned', () => {
    const { inventory, at, names } = world();
    enter(ended([step('a', 'create')], [], [resource('a'), resource('b')]), at('c1'));
    inventory.recorded('team/shop');
    const message = `${key('b')}: the object belongs to stack team/other: it stays, and is taken out of the state`;
    const { report, ...rest } = ended([step('a', 'delete'), step('b', 'delete')], [resource('a'), resource('b')], []);
    const diagnostics = [{ urn: urnOf('b'), severity: 'warning', message }] as const;
    enter({ ...rest, report: { ...report, diagnostics } }, at('c2'));
    expect(names()).toEqual([]);
    expect(inventory.unrecorded('team/shop')).toEqual([{ key: key('a'), action: 'pruned' }]);
  });

  test.each([
    ['2026-01-01T10:00:00Z', 'adopted'],
    ['2026-01-01T10:00:05Z', 'created'],
    ['2026-01-01T10:00:09Z', 'created'],
  ])('an object of %s was there before a stack of 10:00:05, or was made for it: %s', (creationTimestamp, action) => {
    const { inventory, at } = world();
    const old = resource('a');
    const found = { ...old, outputs: { ...old.outputs, metadata: { creationTimestamp } } };
    enter(ended([], [found], [found]), at('c1'));
    expect(inventory.unrecorded('team/shop')).toEqual([{ key: key('a'), action }]);
  });

  test('of a run that puts back what drifted, tells of no object but one that came back under another name', () => {
    const { inventory, at, names } = world();
    enter(ended([], [], [resource('a'), resource('b-1')]), at('c1'));
    inventory.recorded('team/shop');
    const renamed = resource('b-1', 's1', { id: 'team/b-2' });
    const steps = [step('a', 'create'), step('b-1', 'create')];
    enter(ended(steps, [resource('a'), resource('b-1')], [resource('a', 's2'), renamed]), at('c1'), { records: false });
    expect(names()).toEqual([key('a'), key('b-2')]);
    expect(inventory.unrecorded('team/shop')).toEqual([
      { key: key('b-2'), action: 'created' },
      { key: key('b-1'), action: 'pruned' },
    ]);
  });

  test.each([
    { name: 'was cut off before it wrote', failed: failure('Superseded', { what: 'a newer commit' }), seen: 's1' },
    { name: 'found nothing that it may write', failed: undefined, seen: 's2' },
  ])('an object that a run only looked at is as it was seen last when the run $name: $seen', ({ failed, seen }) => {
    const { inventory, at } = world();
    enter(ended([], [], [resource('a')]), at('c1'));
    const outputs = { ...resource('a').outputs, __found: 's2' };
    const looked = resource('a', 's1', { outputs });
    enter({ ...ended([step('a', 'refresh')], [resource('a')], [looked]), failed }, at('c1'), { records: false });
    // What the next run does not touch stays so.
    enter(ended([], [looked], [looked]), at('c2'));
    expect(inventory.of('team/shop').get(key('a'))?.seen).toBe(seen);
  });

  test('lets go of what the state lost, and tells of what was deleted', () => {
    const { inventory, at, names } = world();
    enter(ended([step('a', 'create')], [], [resource('a'), resource('b')]), at('c1'));
    inventory.recorded('team/shop');
    enter(ended([step('a', 'delete'), step('b', 'forget')], [resource('a'), resource('b')], []), at('c2'));
    expect(names()).toEqual([]);
    expect(inventory.unrecorded('team/shop')).toEqual([{ key: key('a'), action: 'pruned' }]);
  });

  test('leaves an object that another stack owns, and what our provider did not make', () => {
    const { inventory, at, names } = world();
    inventory.put('team/other', { key: key('a'), desired: 'd', seen: 's', commit: 'c' });
    const official = resource('b', '', { outputs: { apiVersion: 'v1', kind: 'ConfigMap' } });
    const old = resource('c', 's1', { replaced: true });
    enter(ended([step('a', 'create')], [], [resource('a'), official, old]), at('c1'));
    expect(names()).toEqual([]);
    expect(inventory.ownerOf(key('a'))).toBe('team/other');
  });

  test('can name what others changed, since the objects are known as they were sent', () => {
    const { at } = world();
    expect(sentObjects([resource('a')], at('c1').of)).toMatchObject([
      {
        key: key('a'),
        origin: { file: 'deploy', line: 1 },
        object: {
          kind: 'ConfigMap',
          metadata: {
            name: 'a',
            namespace: 'team',
            labels: { app: 'shop', 'plumbline.dev/stack': 'shop', 'plumbline.dev/stack-namespace': 'team' },
            annotations: { 'plumbline.dev/urn': urnOf('a') },
          },
          data: { a: '1' },
        },
      },
    ]);
  });
});
