import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { configMap, Platform, ready, startTestOperator, until, type TestOperator } from '#testing';

let operator: TestOperator;
beforeAll(async () => {
  operator = await startTestOperator();
}, 60_000);
afterAll(async () => operator[Symbol.asyncDispose]());

/** As a pod that starts on another node: nothing of its disk is left. */
async function startElsewhere(meanwhile: () => Promise<unknown>): Promise<void> {
  await operator.kill();
  await rm(join(operator.folder, 'data'), { recursive: true });
  await meanwhile();
  await operator.start();
}

const edit = (platform: Platform, name: string): Promise<void> =>
  platform.cluster.edit(
    { apiVersion: 'v1', kind: 'ConfigMap', name, namespace: platform.namespace },
    { data: { value: 'hand' } },
  );
const healed = (platform: Platform, name: string): Promise<true> =>
  until(`${name} is healed`, async () =>
    (await platform.configMap(name))?.data?.['value'] === '1' ? true : undefined,
  );

test('drift is put back from Git when the disk is new, and the stack stays Ready all the while', async () => {
  await using platform = await Platform.create({ 'app/a.yaml': configMap('a'), 'app/b.yaml': configMap('b') });
  await platform.stack('app');
  const before = await platform.ready('app');
  await startElsewhere(() => edit(platform, 'a'));
  await healed(platform, 'a');
  await edit(platform, 'b');
  await healed(platform, 'b');
  const after = ready(await platform.get('app'));
  expect(after).toEqual(ready(before));
}, 120_000);

test('drift is put back from the commit that was applied when a newer one cannot be rendered', async () => {
  await using platform = await Platform.create({ 'app/a.yaml': configMap('a') });
  await platform.stack('app');
  await platform.ready('app');
  await platform.commit({ 'app/a.yaml': 'a: [' });
  await platform.fails('app', 'YamlInvalid');
  await startElsewhere(() => edit(platform, 'a'));
  await healed(platform, 'a');
  await platform.fails('app', 'YamlInvalid');
}, 120_000);

test('while Git is down the drift is named, and it is put back, or told by field, when Git is there again', async () => {
  await using platform = await Platform.create({ 'app/a.yaml': configMap('a'), 'told/b.yaml': configMap('b') });
  await platform.stack('app');
  await platform.stack('told', 'drift: {mode: warn}');
  await platform.ready('app');
  await platform.ready('told');
  await startElsewhere(async () => {
    platform.git.server.failWith = 503;
    await edit(platform, 'a');
    await edit(platform, 'b');
  });
  const told = await platform.condition('app', 'Drifted', 'DriftFound');
  expect(told).toMatchObject({
    status: 'True',
    message: `ConfigMap/${platform.namespace}/a changed; to be put back when its source has been fetched`,
  });
  expect(ready(await platform.get('app'))?.status).toBe('True');
  platform.git.server.failWith = undefined;
  await platform.reconcile();
  await healed(platform, 'a');
  await platform.condition('app', 'Drifted', 'DriftHealed');
  await until('the drift is told by field', async () => {
    const { drift = [] } = (await platform.get('told'))?.status ?? {};
    return drift.some(({ field, to, healed }) => field === 'data.value' && to === 'hand' && !healed) || undefined;
  });
}, 120_000);
