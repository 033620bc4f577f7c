import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { configMap, Platform, startTestOperator, until, type TestOperator } from '#testing';

let operator: TestOperator;
beforeAll(async () => {
  operator = await startTestOperator();
}, 60_000);
afterAll(async () => operator[Symbol.asyncDispose]());

const edit = (platform: Platform, name: string, manager: string): Promise<void> =>
  platform.cluster.edit(
    { apiVersion: 'v1', kind: 'ConfigMap', name, namespace: platform.namespace },
    { data: { value: 'theirs' } },
    manager,
  );
const healed = (platform: Platform, name: string): Promise<true> =>
  until(`${name} is healed`, async () =>
    (await platform.configMap(name))?.data?.['value'] === '1' ? true : undefined,
  );

test('a machine that undoes every correction is named, reported and slowed down, and its neighbour is not', async () => {
  await using platform = await Platform.create({ 'app/a.yaml': configMap('a'), 'app/b.yaml': configMap('b') });
  await platform.stack('app');
  await platform.ready('app');
  for (let round = 0; round < 5; round += 1) {
    await edit(platform, 'a', 'rival-controller');
    await healed(platform, 'a');
  }
  const told = await platform.condition('app', 'Drifted', 'DriftFight');
  expect(told).toMatchObject({
    status: 'True',
    message: `ConfigMap/${platform.namespace}/a is changed again and again by rival-controller: data.value to theirs, put back to 1`,
  });
  const event = await until('the fight is an event', async () =>
    (await platform.events('Stack', 'app')).find(({ reason }) => reason === 'DriftFight'),
  );
  expect(event).toMatchObject({ type: 'Warning', note: told.message });
  await edit(platform, 'a', 'rival-controller');
  await edit(platform, 'b', 'kubectl-edit');
  await healed(platform, 'b');
  expect((await platform.configMap('a'))?.data?.['value']).toBe('theirs');
  await healed(platform, 'a');
});

test('edits by hand on twenty objects, again and again, are each healed at once', async () => {
  const names = [...Array(20).keys()].map((index) => `c${index}`);
  await using platform = await Platform.create(
    Object.fromEntries(names.map((name) => [`app/${name}.yaml`, configMap(name)])),
  );
  await platform.stack('app');
  await platform.ready('app');
  // Four times: from the fifth within ten seconds on it would be a machine.
  for (let round = 0; round < 4; round += 1) {
    await Promise.all(names.map((name) => edit(platform, name, 'kubectl-edit')));
    await Promise.all(names.map((name) => healed(platform, name)));
  }
  const stack = await until('all is told', async () => {
    const found = await platform.get('app');
    return found?.status?.drift?.length === 50 ? found : undefined;
  });
  expect(stack.status?.conditions).toContainEqual(expect.objectContaining({ type: 'Drifted', reason: 'DriftHealed' }));
});

test('a correction that is refused is told with the reason, and made as soon as it is allowed', async () => {
  await using platform = await Platform.create({ 'app/a.yaml': configMap('a') });
  await platform.stack('app');
  await platform.ready('app');
  await platform.cluster.delete('rbac.authorization.k8s.io/v1', 'ClusterRoleBinding', `${platform.namespace}-deployer`);
  await edit(platform, 'a', 'kubectl-edit');
  const event = await until('the refusal is an event', async () =>
    (await platform.events('Stack', 'app')).find(({ reason }) => reason === 'Forbidden'),
  );
  expect(event.note).toContain(`drift of ConfigMap/${platform.namespace}/a could not be corrected`);
  expect(event.note).toContain(`ServiceAccount ${platform.namespace}/deployer may not`);
  await platform.allowDeployer();
  await healed(platform, 'a');
});
