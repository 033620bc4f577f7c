/** A Pulumi program on its way from a commit into the cluster: run, left alone, changed, put back, rolled back, removed. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { dirname } from 'node:path';
import { Platform, startTestOperator, until, untilQuiet, type TestOperator } from '#testing';
import { toolPaths } from '#toolchain';

let operator: TestOperator;
let platform: Platform;

const program = (size: string, more = ''): string => `
import * as pulumi from '@pulumi/pulumi';
import * as k8s from '@pulumi/kubernetes';
const config = new pulumi.Config();
const metadata = (name: string) => ({ name, namespace: config.require('namespace') });
const shop = new k8s.core.v1.ConfigMap('shop', { metadata: metadata('shop'), data: { size: '${size}' } });
export const size = shop.data.size;
export const uid = shop.metadata.uid;
export const key = pulumi.secret('sesame');
${more}
`;
const extra = `new k8s.core.v1.ConfigMap('extra', { metadata: metadata('extra'), data: { a: 'b' } });`;

beforeAll(async () => {
  const { pulumi } = await toolPaths(['pulumi']);
  process.env['PATH'] = `${dirname(pulumi)}:${process.env['PATH'] ?? ''}`;
  operator = await startTestOperator();
  platform = await Platform.create({
    'infra/Pulumi.yaml': 'name: shop\nruntime: nodejs\n',
    'infra/index.ts': program('small', extra),
  });
  const config = `config: {namespace: ${platform.namespace}}`;
  await platform.stack('infra', `engine: pulumi, timeout: 2m, pulumi: {stack: dev, ${config}}`);
});
afterAll(async () => {
  await platform[Symbol.asyncDispose]();
  await operator[Symbol.asyncDispose]();
});

/** A run takes some ten seconds on a quiet machine. */
const withinMs = 150_000;

const runs = async (): Promise<number> => (await operator.log()).split('"a run begins"').length - 1;

test('a program is run, its outputs are shown, and then nothing more is asked or run', async () => {
  const stack = await until('the stack is Ready', () => platform.isReady('infra'), withinMs);
  expect(stack.status?.outputs).toMatchObject({ size: 'small' });
  expect(stack.status?.secretOutputs).toEqual(['key']);
  await untilQuiet(operator.requests, { pauseMs: 3000 });
  expect(await runs()).toBe(1);
  const told = (await operator.log())
    .split('\n')
    .filter((line) => line.includes(`"key":"${platform.namespace}/infra"`));
  expect(told).toContainEqual(expect.stringContaining('"message":"done: creating ConfigMap shop"'));
  expect(told.join('\n')).not.toContain('sesame');
}, 180_000);

test('the next commit changes what it changes, and prunes what the program does not make any more', async () => {
  const commit = await platform.commit({ 'infra/index.ts': program('large') });
  const { status } = await platform.applied('infra', commit, withinMs);
  const shop = await platform.configMap('shop');
  expect(shop?.data).toEqual({ size: 'large' });
  expect(status?.outputs).toMatchObject({ size: 'large', uid: shop?.metadata.uid });
  expect(await platform.configMap('extra')).toBeUndefined();
  const [, change] = await platform.changes('infra');
  expect(change).toMatchObject({
    commit: { sha: commit },
    result: 'Applied',
    configured: 1,
    pruned: 1,
    objects: [
      // Pulumi gives a program that changes a ConfigMap another one.
      { object: `ConfigMap/${platform.namespace}/shop`, action: 'recreated', fields: ['data.size'] },
      { object: `ConfigMap/${platform.namespace}/extra`, action: 'pruned' },
    ],
  });
  await untilQuiet(operator.requests);
  expect(await runs()).toBe(2);
}, 180_000);

/** The last thing said of drift, once it was put back. */
const healed = (what: string, said: RegExp): Promise<unknown> =>
  until(
    what,
    async () =>
      (await platform.get('infra'))?.status?.conditions?.find(
        ({ type, reason, message = '' }) => type === 'Drifted' && reason === 'DriftHealed' && said.test(message),
      ),
    withinMs,
  );

test('what is changed by hand is put back where it is by a run, and told', async () => {
  const before = await platform.configMap('shop');
  await platform.cluster.edit(
    { apiVersion: 'v1', kind: 'ConfigMap', name: 'shop', namespace: platform.namespace },
    { data: { size: 'huge' } },
  );
  await healed('the drift is healed', /ConfigMap\/.*\/shop data\.size: .*large.* was changed to .*huge.*; put back/);
  const after = await platform.configMap('shop');
  expect(after?.data).toEqual({ size: 'large' });
  expect(after?.metadata.uid).toBe(before?.metadata.uid);
  await untilQuiet(operator.requests);
  expect(await runs()).toBe(3);
}, 180_000);

test('what is deleted by hand is made again, and the outputs tell of the new one', async () => {
  await platform.cluster.delete('v1', 'ConfigMap', 'shop', platform.namespace);
  await healed('the object is back', /ConfigMap\/.*\/shop was deleted; put back/);
  const after = await platform.configMap('shop');
  expect(after?.data).toEqual({ size: 'large' });
  const { status } = (await platform.get('infra')) ?? {};
  expect(status?.outputs).toEqual({ size: 'large', uid: after?.metadata.uid });
  expect(status?.secretOutputs).toEqual(['key']);
  await untilQuiet(operator.requests);
  expect(await runs()).toBe(4);
}, 180_000);

/** Runs that have ended, of every kind. */
const runsCounted = async (): Promise<number> =>
  (await operator.metrics())
    .split('\n')
    .filter((line) => line.startsWith('plumbline_pulumi_runs_total{'))
    .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' '))), 0);

/** Changes the spec, and waits until the stack stands by it. */
async function changeSpec(spec: object): Promise<void> {
  await platform.cluster.edit(
    { apiVersion: 'plumbline.dev/v1alpha1', kind: 'Stack', name: 'infra', namespace: platform.namespace },
    { spec },
  );
  await until(
    'the spec is taken in',
    async () => {
      const stack = await platform.get('infra');
      const { generation } = stack?.metadata ?? {};
      if (stack?.spec.suspend === true) return stack.status?.observedGeneration === generation ? true : undefined;
      return stack?.status?.applied?.generation === generation && (await platform.isReady('infra')) ? true : undefined;
    },
    withinMs,
  );
}

test('a spec that asks for nothing else of the program takes effect without a run, and one that does is run', async () => {
  const before = await runsCounted();
  const shown = await platform.get('infra');
  for (const spec of [
    { interval: '1h', history: 3, timeout: '3m' },
    { drift: { mode: 'warn' } },
    { approval: { mode: 'manual' } },
    { approval: null, drift: { mode: 'correct' }, pulumi: { memoryMiB: 700, refreshInterval: '2h' } },
    { suspend: true },
    { suspend: false },
  ])
    await changeSpec(spec);
  await untilQuiet(operator.requests);
  expect(await runsCounted()).toBe(before);
  const { status } = (await platform.get('infra')) ?? {};
  expect(status?.outputs).toEqual(shown?.status?.outputs);
  expect(status?.secretOutputs).toEqual(['key']);

  // What the last run sent is known all the same: what is not as it was sent is found.
  await platform.cluster.edit(
    { apiVersion: 'v1', kind: 'ConfigMap', name: 'shop', namespace: platform.namespace },
    { data: { size: 'tiny' } },
  );
  await healed('the drift is healed', /data\.size: .*large.* was changed to .*tiny.*; put back/);
  expect(await runsCounted()).toBe(before + 1);

  await changeSpec({ pulumi: { parallel: 1 } });
  expect(await runsCounted()).toBe(before + 2);
}, 600_000);
