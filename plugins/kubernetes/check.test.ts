import { describe, expect, test } from '@jest/globals';
import { check } from './check.ts';
import { Cluster } from './cluster.ts';
import { Engine } from './engine.ts';
import { secret, unknown, type ValueMap } from './property.ts';
import type { CheckRequest, CheckResult } from './requests.ts';
import type { Session } from './session.ts';
import { readSettings } from './settings.ts';

/** A session of a cluster that nobody asks, since every object says its namespace. */
function session(environment: Record<string, string> = {}): Session {
  const settings = readSettings({}, environment);
  return {
    settings,
    cluster: new Cluster(settings),
    engine: new Engine('127.0.0.1:1'),
    reference: '',
    inState: new Map(),
    takenOver: new Set(),
    foreign: new Map(),
    signal: new AbortController().signal,
  };
}

const type = 'kubernetes:core/v1:ConfigMap';
const request = (metadata: ValueMap, more: Partial<CheckRequest> = {}): CheckRequest => ({
  urn: `urn:pulumi:dev::shop::${type}::settings`,
  type,
  name: 'settings',
  olds: undefined,
  news: { apiVersion: 'v1', kind: 'ConfigMap', metadata: { namespace: 'shop', ...metadata } },
  seed: Buffer.from('seed'),
  autonaming: undefined,
  ...more,
});

const nameIn = ({ inputs }: CheckResult): unknown => (inputs['metadata'] as ValueMap)['name'];

describe('a name', () => {
  test('that the program gives stays, known or not', async () => {
    expect(nameIn(await check(session(), request({ name: 'mine' })))).toBe('mine');
    expect(nameIn(await check(session(), request({ name: unknown })))).toBe(unknown);
  });

  test('comes from the name of the resource, with an end that the seed decides, and is marked', async () => {
    const [once, again, other] = await Promise.all([
      check(session(), request({})),
      check(session(), request({})),
      check(session(), request({}, { seed: Buffer.from('other') })),
    ]);
    expect(nameIn(once)).toMatch(/^settings-[0-9a-f]{8}$/);
    expect(nameIn(again)).toBe(nameIn(once));
    expect(nameIn(other)).not.toBe(nameIn(once));
    expect(once.inputs).toMatchObject({ metadata: { annotations: { 'pulumi.com/autonamed': 'true' } } });
  });

  test('that was given once is kept', async () => {
    const { inputs } = await check(session(), request({}));
    const next = await check(session(), request({}, { olds: inputs, seed: Buffer.from('other') }));
    expect(nameIn(next)).toBe(nameIn({ inputs, failures: [] }));
  });

  test('for the operator follows from the resource, and from the object that is replaced', async () => {
    const environment = { PLUMBLINE_STACK: 'shop.infra' };
    const seeds = ['a', 'b'].map((seed) => request({}, { seed: Buffer.from(seed) }));
    const lost = await Promise.all(seeds.map((each) => check(session(environment), each)));
    expect(nameIn(lost[0] as CheckResult)).toBe(nameIn(lost[1] as CheckResult));
    const one = session(environment);
    await check(one, request({}, { olds: lost[0]?.inputs }));
    expect(nameIn(await check(one, request({})))).not.toBe(nameIn(lost[0] as CheckResult));
  });

  test.each([
    ['proposed', { mode: 'propose', proposed: 'settings-of-dev' }, 'settings-of-dev'],
    ['enforced', { mode: 'enforce', proposed: 'settings' }, 'settings'],
  ] as const)('%s by the configuration is taken', async (_what, autonaming, name) => {
    expect(nameIn(await check(session(), request({}, { autonaming })))).toBe(name);
  });
});

test.each<[string, ValueMap, Partial<CheckRequest>, RegExp]>([
  [
    'auto-naming that is disabled',
    {},
    { autonaming: { mode: 'disable', proposed: '' } },
    /disabled.*set metadata\.name/,
  ],
  ['a Patch without a name', {}, { type: `${type}Patch` }, /a Patch needs the name/],
  ['generateName', { generateName: 'settings-' }, {}, /server-side apply needs a name/],
])('%s is refused in a sentence', async (_what, metadata, more, reason) => {
  const { failures } = await check(session(), request(metadata, more));
  expect(failures).toEqual([{ property: expect.stringMatching(/^metadata\./), reason: expect.stringMatching(reason) }]);
});

test('what is secret stays secret, and what the API server sets is left out', async () => {
  const labels = { plain: 'a', hidden: secret('b') };
  const { inputs } = await check(session(), request({ name: 'a', labels, uid: 'x', resourceVersion: '7' }));
  expect(inputs['metadata']).toEqual({ name: 'a', namespace: 'shop', labels });
});
