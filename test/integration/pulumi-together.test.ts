/** Pulumi stacks among others: what they wait for, what they are given, and what makes them run again. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import {
  configMap,
  openGate,
  Platform,
  program,
  pulumiStack,
  runsBegun,
  runWithinMs,
  startPulumiOperator,
  until,
  untilQuiet,
  type TestOperator,
} from '#testing';

let operator: TestOperator;
let platform: Platform;

const base = (size: string): Record<string, string> =>
  program(
    'base',
    `gate('door'); exports.size = '${size}'; exports.key = pulumi.secret('sesame-of-base');
exports.login = { user: 'ada', passwords: [pulumi.secret('sesame-of-login')] };`,
  );
const app = `
map('plain', {
  size: config.require('size'),
  colour: config.require('colour'),
  level: config.require('level'),
  mode: process.env.MODE,
});
const { PASSWORD: password } = process.env;
const stringData = { key: config.requireSecret('key'), token: config.requireSecret('token'), password };
new Secret('sealed', { metadata: { name: 'sealed', namespace }, stringData });
exports.said = 'the password is ' + password;
`;
const given = `
env: {MODE: fast, LEVEL: high}, envFrom: [{secretRef: {name: variables}}],
configFrom: [
  {key: size, stackOutput: {name: base, output: size}},
  {key: key, stackOutput: {name: base, output: key}},
  {key: token, secretKeyRef: {name: given, key: token}},
  {key: colour, configMapKeyRef: {name: given, key: colour}},
  {key: level, env: LEVEL}]`;

beforeAll(async () => {
  operator = await startPulumiOperator();
  platform = await Platform.create({
    ...base('small'),
    ...program('app', app),
    'front/front.yaml': configMap('front'),
  });
});
afterAll(async () => {
  await platform[Symbol.asyncDispose]();
  await operator[Symbol.asyncDispose]();
});

/** Creates or changes an object of entries. */
async function write(kind: 'Secret' | 'ConfigMap', name: string, data: Record<string, string>): Promise<void> {
  const { cluster, namespace } = platform;
  const entries = kind === 'Secret' ? { stringData: data } : { data };
  await cluster.apply(JSON.stringify({ apiVersion: 'v1', kind, metadata: { name, namespace }, ...entries }));
}

async function sealed(): Promise<Record<string, string>> {
  const secret = await platform.cluster.get('v1', 'Secret', 'sealed', platform.namespace);
  const data = (secret?.['data'] ?? {}) as Record<string, string>;
  return Object.fromEntries(
    Object.entries(data).map(([key, value]) => [key, Buffer.from(value, 'base64').toString()] as const),
  );
}

const has = (name: string, entry: string, value: string, read: () => Promise<Record<string, string> | undefined>) =>
  until(
    `${entry} of ${name} is ${value}`,
    async () => ((await read())?.[entry] === value ? true : undefined),
    runWithinMs,
  );

const plain = async (): Promise<Record<string, string> | undefined> => (await platform.configMap('plain'))?.data;

const appRuns = async (): Promise<number> => (await runsBegun(operator)).length;

test('each waits for what it needs, says for what, and is given it', async () => {
  const { namespace } = platform;
  await write('Secret', 'variables', { PASSWORD: 'sesame-of-variables' });
  await write('ConfigMap', 'given', { colour: 'red' });
  await platform.stack('front', 'dependsOn: [{name: app}]');
  await pulumiStack(platform, 'app', given);
  expect(await platform.saying('app', /base/)).toBe(`stack ${namespace}/base does not exist`);
  await pulumiStack(platform, 'base');
  await platform.saying('app', /^stack .*\/base has applied nothing yet, needs main@/);
  await platform.saying('front', /^stack .*\/app has applied nothing yet, needs main@/);
  await until('the gate is there', () => platform.configMap('door'), runWithinMs);
  await openGate(platform, 'door');
  await until('base is Ready', () => platform.isReady('base'), runWithinMs);
  expect(await platform.fails('app', 'ValueNotFound')).toMatch(
    /^spec\.pulumi\.configFrom\[2\]: Secret\/.*\/given does not exist; create it/,
  );
  await write('Secret', 'given', { token: 'sesame-of-given' });
  await until('front is Ready', () => platform.isReady('front'), runWithinMs);
  expect(await plain()).toEqual({ size: 'small', colour: 'red', level: 'high', mode: 'fast' });
  expect(await sealed()).toEqual({
    key: 'sesame-of-base',
    token: 'sesame-of-given',
    password: 'sesame-of-variables',
  });
}, 600_000);

test('what is secret is nowhere to be read', async () => {
  const { namespace } = platform;
  expect((await platform.get('app'))?.status?.outputs?.['said']).toBe('the password is [secret]');
  const { outputs, secretOutputs } = (await platform.get('base'))?.status ?? {};
  expect({ outputs, secretOutputs }).toEqual({ outputs: { size: 'small' }, secretOutputs: ['key', 'login'] });
  const read = async (path: string): Promise<string> =>
    JSON.stringify((await platform.cluster.transport.request({ method: 'GET', path })).body);
  const own = `/apis/plumbline.dev/v1alpha1/namespaces/${namespace}`;
  for (const path of [
    `${own}/stacks`,
    `${own}/changes`,
    `${own}/inventories`,
    `/apis/events.k8s.io/v1/namespaces/${namespace}/events`,
  ])
    expect(await read(path)).not.toContain('sesame');
  expect(await operator.log()).not.toContain('sesame');
});

test('another value runs what is given it, and nothing else', async () => {
  await untilQuiet(operator.requests);
  const before = await appRuns();
  await write('Secret', 'given', { token: 'sesame-changed' });
  await has('sealed', 'token', 'sesame-changed', sealed);
  await write('ConfigMap', 'given', { colour: 'green' });
  await has('plain', 'colour', 'green', plain);
  await until('app is Ready', () => platform.isReady('app'), runWithinMs);
  await platform.commit(base('large'));
  await has('plain', 'size', 'large', plain);
  await until('front is Ready', () => platform.isReady('front'), runWithinMs);
  await untilQuiet(operator.requests);
  // One for each value, and one of base itself.
  expect(await appRuns()).toBe(before + 4);
}, 600_000);

test('an output that is not there is named', async () => {
  const { namespace } = platform;
  const asks = 'configFrom: [{key: size, stackOutput: {name: base, output: weight}}]';
  await pulumiStack(platform, 'lost', asks, 'path: app,');
  expect(await platform.fails('lost', 'ValueNotFound')).toBe(
    `spec.pulumi.configFrom[0]: stack ${namespace}/base has no output weight; export it there, or correct the name`,
  );
});
