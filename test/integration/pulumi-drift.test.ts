/** Drift of Pulumi stacks beyond what is put back at once: what no watch sees, what is only told, what must not be shown. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { annotations, type Stack } from '#api';
import {
  Platform,
  program,
  pulumiStack,
  runsBegun,
  runWithinMs,
  startPulumiOperator,
  until,
  type TestOperator,
} from '#testing';

let operator: TestOperator;
let platform: Platform;

const files = (more = ''): Record<string, string> =>
  program(
    'infra',
    `
const { ConfigMapPatch } = require('@pulumi/kubernetes/core/v1');
new ConfigMapPatch('touched', { metadata: { name: 'theirs', namespace }, data: { size: 'small' } });
map('plain', { value: 'git' });
new Secret('login', { metadata: { name: 'login', namespace }, stringData: { password: config.requireSecret('password') } });
${more}
`,
  );

beforeAll(async () => {
  operator = await startPulumiOperator();
  platform = await Platform.create(files());
  await platform.cluster.apply(`
{apiVersion: v1, kind: ConfigMap, metadata: {name: theirs, namespace: ${platform.namespace}}, data: {colour: red}}
---
{apiVersion: v1, kind: Secret, metadata: {name: given, namespace: ${platform.namespace}}, stringData: {password: hunter2hunter2}}
`);
});
afterAll(async () => {
  await platform[Symbol.asyncDispose]();
  await operator[Symbol.asyncDispose]();
});

const configFrom = 'configFrom: [{key: password, secretKeyRef: {name: given, key: password}}],';
const scheduled = 'refresh: onDriftSchedule, refreshInterval: 1s,';

const edit = (kind: string, name: string, patch: object): Promise<void> =>
  platform.cluster.edit({ apiVersion: 'v1', kind, name, namespace: platform.namespace }, patch);

/** The message of the condition Drifted, once it has the reason. */
const drifted = (reason: string, message = /^/): Promise<string> =>
  until(
    `Drifted for the reason ${reason}`,
    async () => {
      const conditions = (await platform.get('infra'))?.status?.conditions ?? [];
      const found = conditions.find((one) => one.type === 'Drifted' && one.reason === reason);
      return found !== undefined && message.test(found.message) ? found.message : undefined;
    },
    runWithinMs,
  );

const events = async (reason: string): Promise<number> =>
  (await platform.events('Stack', 'infra'))
    .filter((event) => event.reason === reason)
    .reduce((sum, { series }) => sum + (series?.count ?? 1), 0);

const login = async (): Promise<{ readonly uid: string | undefined; readonly password: string }> => {
  const secret = await platform.cluster.get('v1', 'Secret', 'login', platform.namespace);
  const { password = '' } = (secret?.['data'] ?? {}) as Record<string, string>;
  return { uid: secret?.metadata.uid, password: Buffer.from(password, 'base64').toString() };
};

const nowherePrinted = async (value: string): Promise<void> => {
  const told = [await platform.get('infra'), await platform.events('Stack', 'infra'), await operator.log()];
  for (const text of [value, Buffer.from(value).toString('base64')]) expect(JSON.stringify(told)).not.toContain(text);
};

test('a changed Secret is told where drift is only told, and its value is not; where drift is healed it is put back', async () => {
  await pulumiStack(platform, 'infra', configFrom, 'drift: {mode: warn},');
  await platform.applied('infra', await platform.git.repository.git('rev-parse', 'HEAD'), runWithinMs);
  const made = await login();
  expect(made.password).toBe('hunter2hunter2');
  await edit('Secret', 'login', { stringData: { password: 'stolen4stolen4' } });
  expect(await drifted('DriftFound')).toMatch(/Secret\/.*\/login .*: \*\*\* was changed to \*\*\* by kubectl-edit/);
  expect(await runsBegun(operator)).toEqual(['apply']);
  await pulumiStack(platform, 'infra', configFrom);
  expect(await drifted('DriftHealed')).toMatch(/Secret\/.*\/login .*; put back/);
  expect(await login()).toEqual(made);
  await nowherePrinted('hunter2hunter2');
  await nowherePrinted('stolen4stolen4');
}, 240_000);

test('a refresh on schedule finds what no watch sees, tells it once, and leaves it where it is not to be changed', async () => {
  await pulumiStack(platform, 'infra', `${configFrom} ${scheduled}`, 'drift: {mode: warn},');
  await edit('ConfigMap', 'theirs', { data: { size: 'huge' } });
  expect(await drifted('RefreshFoundDrift')).toMatch(
    /ConfigMap\/.*\/theirs data\.size: .*small.* was changed to .*huge/,
  );
  const { length } = await runsBegun(operator);
  await until(
    'it has looked twice more',
    async () => ((await runsBegun(operator)).length >= length + 3 ? true : undefined),
    runWithinMs,
  );
  await drifted('RefreshFoundDrift');
  expect(await events('RefreshFoundDrift')).toBe(1);
  expect((await platform.configMap('theirs'))?.data).toEqual({ colour: 'red', size: 'huge' });
  await edit('ConfigMap', 'theirs', { data: { size: 'small' } });
  await drifted('NoDrift');
}, 240_000);

test('what a refresh finds is put back, unless no change is expected: then it is named, and not even an update goes over it', async () => {
  await pulumiStack(platform, 'infra', `${configFrom} ${scheduled} expectNoRefreshChanges: true`);
  await edit('ConfigMap', 'theirs', { data: { size: 'huge' } });
  await drifted('RefreshFoundDrift', /size/);
  await pulumiStack(platform, 'infra', `${configFrom} refresh: beforeRun, expectNoRefreshChanges: true`);
  const said = await until(
    'the update is refused',
    async () => {
      const { conditions = [] } = (await platform.get('infra'))?.status ?? {};
      return conditions.find(({ type, reason }) => type === 'Ready' && reason === 'ChangesUnexpected')?.message;
    },
    runWithinMs,
  );
  expect(said).toMatch(/ConfigMapPatch touched: it is not as the state says: data\.size/);
  expect((await platform.configMap('theirs'))?.data).toEqual({ colour: 'red', size: 'huge' });
  await pulumiStack(platform, 'infra', `${configFrom} ${scheduled}`);
  expect(await drifted('DriftHealed', /size/)).toMatch(
    /theirs data\.size: .*small.* was changed to .*huge.*; put back/,
  );
  expect((await platform.configMap('theirs'))?.data).toEqual({ colour: 'red', size: 'small' });
}, 240_000);

/** As a pod that starts on another node: nothing of its disk is left. */
async function startElsewhere(meanwhile: () => Promise<unknown>): Promise<void> {
  await operator.kill();
  await rm(join(operator.folder, 'data'), { recursive: true });
  await meanwhile();
  await operator.start();
}

let asked = 0;

/** Has the stack looked at, and waits until it has been. */
async function lookedAt(): Promise<void> {
  const time = `look ${(asked += 1)}`;
  const { namespace } = platform;
  const stack = { apiVersion: 'plumbline.dev/v1alpha1', kind: 'Stack', name: 'infra', namespace };
  await platform.cluster.edit(stack, { metadata: { annotations: { [annotations.reconcile]: time } } });
  await until('the stack has been looked at', async () =>
    (await platform.get('infra'))?.status?.lastHandledReconcileAt === time ? true : undefined,
  );
}

const driftTold = async (): Promise<NonNullable<NonNullable<Stack['status']>['drift']>> =>
  (await platform.get('infra'))?.status?.drift ?? [];

test('on a new disk no run begins where nothing drifted, and what did is told field by field from the state', async () => {
  await pulumiStack(platform, 'infra', configFrom, 'drift: {mode: warn},');
  await lookedAt();
  const runs = await runsBegun(operator);
  await startElsewhere(() => Promise.resolve());
  await lookedAt();
  const { conditions } = (await platform.get('infra'))?.status ?? {};
  expect(conditions?.find(({ type }) => type === 'Drifted')?.status).toBe('False');
  await edit('ConfigMap', 'plain', { data: { value: 'hand' } });
  expect(await drifted('DriftFound')).toMatch(/plain data\.value: git was changed to hand by kubectl-edit/);
  await startElsewhere(() => edit('Secret', 'login', { stringData: { password: 'stolen5stolen5' } }));
  await drifted('DriftFound', /and 1 more fields/);
  const secret = { object: `Secret/${platform.namespace}/login`, from: '***', to: '***', manager: 'kubectl-edit' };
  expect((await driftTold()).slice(0, 2)).toContainEqual(expect.objectContaining({ ...secret, healed: false }));
  await lookedAt();
  expect(await runsBegun(operator)).toEqual(runs);
  await nowherePrinted('stolen5stolen5');
}, 240_000);

test('on a new disk what was changed and deleted meanwhile is put back by one run', async () => {
  await pulumiStack(platform, 'infra', configFrom);
  await drifted('DriftHealed');
  const made = await login();
  const runs = await runsBegun(operator);
  await startElsewhere(async () => {
    await edit('Secret', 'login', { stringData: { password: 'stolen6stolen6' } });
    await platform.cluster.delete('v1', 'ConfigMap', 'plain', platform.namespace);
  });
  const deleted = `ConfigMap/${platform.namespace}/plain`;
  await until(
    'the deletion is told as healed',
    async () =>
      (await driftTold()).some(({ object, field, healed }) => object === deleted && field === '' && healed)
        ? true
        : undefined,
    runWithinMs,
  );
  expect(await login()).toEqual(made);
  expect((await platform.configMap('plain'))?.data).toEqual({ value: 'git' });
  await lookedAt();
  expect((await runsBegun(operator)).slice(runs.length)).toEqual(['correct']);
  await nowherePrinted('stolen6stolen6');
}, 240_000);

/** Whether the data of the object are applied by us. */
async function isOurs(kind: string, name: string): Promise<boolean> {
  const { metadata } = (await platform.cluster.get('v1', kind, name, platform.namespace)) ?? {};
  const { fieldsV1 } = metadata?.managedFields?.find(({ manager }) => manager === 'plumbline') ?? {};
  return JSON.stringify(fieldsV1?.['f:data'] ?? {}) !== '{}';
}

test('what was changed and changed back is watched as before', async () => {
  const made = await login();
  const change = async (value: string, password: string): Promise<void> => {
    await edit('ConfigMap', 'plain', { data: { value } });
    await edit('Secret', 'login', { stringData: { password } });
  };
  await startElsewhere(async () => {
    await change('hand', 'stolen7stolen7');
    await change('git', made.password);
  });
  await until(
    'both fields are ours again',
    async () => ((await isOurs('ConfigMap', 'plain')) && (await isOurs('Secret', 'login')) ? true : undefined),
    runWithinMs,
  );
  await lookedAt();
  await change('hand', 'stolen8stolen8');
  await until(
    'both are put back',
    async () => {
      const value = (await platform.configMap('plain'))?.data?.['value'];
      return (value === 'git' && (await login()).password === made.password) || undefined;
    },
    runWithinMs,
  );
  expect(await login()).toEqual(made);
}, 240_000);
