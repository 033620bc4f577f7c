/** What a program is given: from where, what counts as secret, what changes its digest, and what is said when it lacks. */
import { describe, expect, test } from '@jest/globals';
import type { Stack } from '#api';
import type { KubeObject, ObjectKey } from '#kube';
import { gatherInputs, inputObjects, outputStacks, type InputSources } from './inputs.ts';

type Pulumi = NonNullable<Stack['spec']['pulumi']>;

const stack = (pulumi: Partial<Pulumi>): Stack =>
  ({ metadata: { name: 'shop', namespace: 'team' }, spec: { pulumi } }) as unknown as Stack;

const secret = (password: string, version = '1'): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: { name: 'db', namespace: 'team', uid: 'u1', resourceVersion: version },
  data: { password: Buffer.from(password).toString('base64') },
});
const map: KubeObject = {
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: 'settings', namespace: 'team' },
  data: { region: 'north', zone: 'a' },
};
const infra = {
  metadata: { name: 'infra', namespace: 'platform' },
  status: { outputs: { size: '3' }, secretOutputs: ['token'] },
} as unknown as Stack;
const kept: KubeObject = {
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: { name: 'infra-outputs', namespace: 'platform', uid: 'u2', resourceVersion: '7' },
  data: { token: Buffer.from('sesame').toString('base64') },
};

function sources(db: KubeObject = secret('hunter2')): InputSources {
  const objects: Readonly<Record<string, KubeObject>> = {
    'Secret/team/db': db,
    'ConfigMap/team/settings': map,
    'Secret/platform/infra-outputs': kept,
  };
  return {
    object: (key: ObjectKey) => {
      const found = objects[key];
      if (found === undefined) throw new Error(`${key} does not exist`);
      return found;
    },
    stack: (key) => (key === 'platform/infra' ? infra : undefined),
  };
}

const from = (entry: object): Partial<Pulumi> =>
  ({ configFrom: [{ key: 'given', ...entry }] }) as unknown as Partial<Pulumi>;
const given = (pulumi: Partial<Pulumi>) => gatherInputs(stack(pulumi), sources());

describe('config', () => {
  test.each([
    ['a value', { value: 'plain' }, { value: 'plain', secret: false }],
    ['a value that is said to be secret', { value: 'plain', secret: true }, { value: 'plain', secret: true }],
    ['a Secret', { secretKeyRef: { name: 'db', key: 'password' } }, { value: 'hunter2', secret: true }],
    ['a ConfigMap', { configMapKeyRef: { name: 'settings', key: 'region' } }, { value: 'north', secret: false }],
    [
      'an output',
      { stackOutput: { namespace: 'platform', name: 'infra', output: 'size' } },
      { value: '3', secret: false },
    ],
    [
      'a secret output',
      { stackOutput: { namespace: 'platform', name: 'infra', output: 'token' } },
      { value: 'sesame', secret: true },
    ],
  ])('comes from %s', (_, entry, expected) => {
    const { config, missing } = given(from(entry));
    expect(missing).toBeUndefined();
    expect(config).toEqual([{ key: 'given', ...expected }]);
  });

  test('comes from variables, as secret as those are', () => {
    const { config } = given({
      env: { REGION: 'south' },
      envFrom: [{ name: 'PASSWORD', secretKeyRef: { name: 'db', key: 'password' } }],
      configFrom: [
        { key: 'a', env: 'REGION' },
        { key: 'b', env: 'PASSWORD', path: true },
      ],
    } as unknown as Partial<Pulumi>);
    expect(config).toEqual([
      { key: 'a', value: 'south', secret: false },
      { key: 'b', value: 'hunter2', secret: true, path: true },
    ]);
  });
});

test('whole objects are given as variables; what comes later wins', () => {
  const { environment, secretEnvironment } = given({
    env: { region: 'south', zone: 'b' },
    envFrom: [{ configMapRef: { name: 'settings' } }, { secretRef: { name: 'db' } }],
  });
  expect(environment).toEqual({ region: 'north', zone: 'a', password: 'hunter2' });
  expect(secretEnvironment).toEqual(['password']);
});

test.each([
  [{ secretKeyRef: { name: 'db', key: 'pass' } }, 'spec.pulumi.configFrom[0]: Secret team/db has no key pass'],
  [
    { env: 'REGION' },
    'config given asks for variable REGION, which the stack does not name; add it to spec.pulumi.env',
  ],
  [{ stackOutput: { name: 'infra', output: 'size' } }, 'stack team/infra does not exist'],
  [
    { stackOutput: { namespace: 'platform', name: 'infra', output: 'url' } },
    'stack platform/infra has no output url; export it there, or correct the name',
  ],
  [{ secretKeyRef: { name: 'gone', key: 'a' } }, 'Secret/team/gone does not exist'],
])('%j: %s', (entry, message) => {
  const { missing, config } = given({ ...from(entry), config: { other: 'here' } });
  expect(missing?.message).toContain(message);
  // The rest is there all the same: a stack that goes needs what can be had.
  expect(config).toEqual([{ key: 'other', value: 'here', secret: false }]);
});

describe('the digest', () => {
  const pulumi = { ...from({ secretKeyRef: { name: 'db', key: 'password' } }), config: { size: '1' } };
  const digest = (db: KubeObject, more: Partial<Pulumi> = {}): string =>
    gatherInputs(stack({ ...pulumi, ...more }), sources(db)).digest;

  test('is of the version of a Secret, so that it tells nothing of what is in there', () => {
    expect(digest(secret('hunter2'))).toBe(digest(secret('other')));
    expect(digest(secret('hunter2'))).not.toBe(digest(secret('hunter2', '2')));
  });

  test('changes with what is plain', () => {
    expect(digest(secret('a'))).not.toBe(digest(secret('a'), { config: { size: '2' } }));
    expect(digest(secret('a'))).not.toBe(digest(secret('a'), { env: { REGION: 'south' } }));
  });
});

test('the objects to watch are named once, those of secret outputs where there are some', () => {
  const pulumi = {
    configFrom: [
      { key: 'a', secretKeyRef: { name: 'db', key: 'password' } },
      { key: 'b', stackOutput: { namespace: 'platform', name: 'infra', output: 'token' } },
      { key: 'c', stackOutput: { namespace: 'platform', name: 'infra', output: 'size' } },
    ],
    envFrom: [{ secretRef: { name: 'db' } }, { configMapRef: { name: 'settings' } }],
  } as unknown as Partial<Pulumi>;
  expect(inputObjects(stack(pulumi), (name) => sources().stack(name))).toEqual([
    'Secret/team/db',
    'ConfigMap/team/settings',
    'Secret/platform/infra-outputs',
  ]);
  expect(outputStacks(stack(pulumi))).toEqual(['platform/infra']);
});
