/** Objects that two stacks of different engines want, and objects that nobody lets in: each is named, nothing is taken. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import {
  configMap,
  Platform,
  program,
  pulumiStack,
  runWithinMs,
  startPulumiOperator,
  until,
  type TestOperator,
} from '#testing';
import { refuseConfigMaps } from '../support/admission-policy.ts';

let operator: TestOperator;

beforeAll(async () => {
  operator = await startPulumiOperator();
});
afterAll(async () => {
  await operator[Symbol.asyncDispose]();
});

const head = (platform: Platform): Promise<string> => platform.git.repository.git('rev-parse', 'HEAD');

const failed = (platform: Platform, stack: string, reason: string): Promise<string> =>
  until(
    `stack ${stack} fails with ${reason}`,
    async () => {
      const ready = (await platform.get(stack))?.status?.conditions?.find(({ type }) => type === 'Ready');
      return ready?.status === 'False' && ready.reason === reason ? ready.message : undefined;
    },
    runWithinMs,
  );

test('an object has one owner, whatever its engine: the second one is told whose it is', async () => {
  await using platform = await Platform.create({
    'apps/a.yaml': configMap('of-apps'),
    ...program('infra', `map('of-infra');`),
  });
  const { namespace } = platform;
  await platform.stack('apps', 'retryInterval: 1s');
  await pulumiStack(platform, 'infra', '', 'retryInterval: 1s,');
  await platform.applied('apps', await head(platform), runWithinMs);
  await platform.applied('infra', await head(platform), runWithinMs);
  const before = [await platform.configMap('of-apps'), await platform.configMap('of-infra')];

  await platform.commit({
    'apps/b.yaml': configMap('of-infra'),
    ...program('infra', `map('of-infra'); map('of-apps');`),
  });
  expect(await failed(platform, 'apps', 'OwnedByOtherStack')).toMatch(
    new RegExp(`ConfigMap/${namespace}/of-infra belongs to stack ${namespace}/infra`),
  );
  expect(await failed(platform, 'infra', 'UpdateFailed')).toMatch(
    new RegExp(`ConfigMap/${namespace}/of-apps: the object belongs to stack ${namespace}/apps`),
  );
  expect([await platform.configMap('of-apps'), await platform.configMap('of-infra')]).toEqual(before);
}, 180_000);

test('what another stack owns is neither imported nor changed nor deleted, also when it is in the state; to look at it is allowed', async () => {
  const look = (name: string): string =>
    `exports.seen = ConfigMap.get('look', namespace + '/${name}').data.apply(({ value }) => value);`;
  await using platform = await Platform.create({
    'apps/a.yaml': configMap('theirs'),
    ...program('infra', `map('mine', { value: '1' }); map('other', { value: '1' }); ${look('theirs')}`),
  });
  const { namespace, cluster } = platform;
  await platform.stack('apps', 'retryInterval: 1s');
  await platform.applied('apps', await head(platform), runWithinMs);
  await pulumiStack(platform, 'infra', '', 'retryInterval: 1s, drift: {mode: ignore},');
  await platform.applied('infra', await head(platform), runWithinMs);
  expect((await platform.get('infra'))?.status?.outputs).toEqual({ seen: '1' });
  const before = await platform.configMap('theirs');

  const imported = `map('theirs', { value: '1' }, { import: namespace + '/theirs' });`;
  await platform.commit(program('infra', `map('mine', { value: '1' }); map('other', { value: '1' }); ${imported}`));
  const refusal = (name: string): RegExp =>
    new RegExp(`ConfigMap/${namespace}/${name}: the object belongs to stack ${namespace}/apps`);
  expect(await failed(platform, 'infra', 'UpdateFailed')).toMatch(refusal('theirs'));
  expect(await platform.configMap('theirs')).toEqual(before);

  // By hand, as when the other stack adopted them while this one was away.
  for (const name of ['mine', 'other'])
    await cluster.edit(
      { apiVersion: 'v1', kind: 'ConfigMap', name, namespace },
      { metadata: { labels: { 'plumbline.dev/stack': 'apps' } } },
    );
  const label = `new ConfigMap('mine', { metadata: { name: 'mine', namespace, labels: { a: 'b' } }, data: { value: '1' } });`;
  await platform.commit(program('infra', `${label} map('other', { value: '1' });`));
  await until(
    'the update is refused',
    async () => {
      const ready = (await platform.get('infra'))?.status?.conditions?.find(({ type }) => type === 'Ready');
      return ready?.reason === 'UpdateFailed' && refusal('mine').test(ready.message) ? true : undefined;
    },
    runWithinMs,
  );
  const last = await platform.commit(program('infra', `map('new');`));
  await platform.applied('infra', last, runWithinMs);
  for (const name of ['mine', 'other'])
    expect((await platform.configMap(name))?.metadata).toMatchObject({ labels: { 'plumbline.dev/stack': 'apps' } });
  expect((await platform.changes('infra')).at(-1)).toMatchObject({ result: 'Applied', created: 1, pruned: 0 });
}, 300_000);

test('every object that admission refuses is named in the status, those that depend on it are left, the others are made', async () => {
  await using platform = await Platform.create(
    program(
      'infra',
      `
map('good');
const bad = map('bad', { value: 'refused' });
map('worse', { value: 'refused' });
map('after', {}, { dependsOn: [bad] });
`,
    ),
  );
  const { cluster, namespace } = platform;
  const expression = "!has(object.data) || !('value' in object.data) || object.data.value != 'refused'";
  await refuseConfigMaps(platform, { validations: [{ expression, message: 'this value is not allowed here' }] });
  const probe = { apiVersion: 'v1', kind: 'ConfigMap', name: 'kube-root-ca.crt', namespace };
  await until('the policy is in force', () =>
    cluster
      .edit(probe, { data: { value: 'refused' } })
      .then(() => undefined)
      .catch((error: unknown) => (String(error).includes('not allowed here') ? true : undefined)),
  );
  await pulumiStack(platform, 'infra', 'continueOnError: true');
  expect(await failed(platform, 'infra', 'UpdateFailed')).toMatch(/(bad|worse): .*not allowed here.* \(and 1 more\)/);
  const { status } = (await platform.get('infra')) ?? {};
  expect(status?.failureCount).toBe(2);
  expect([...(status?.failures ?? [])].sort((a, b) => a.object.localeCompare(b.object))).toEqual(
    ['bad', 'worse'].map((name) => ({
      object: `ConfigMap/${namespace}/${name}`,
      reason: 'UpdateFailed',
      message: expect.stringContaining('this value is not allowed here'),
    })),
  );
  expect(await platform.configMap('good')).toBeDefined();
  expect(await platform.configMap('after')).toBeUndefined();
  expect(await platform.changes('infra')).toMatchObject([
    { result: 'Failed', created: 1, objects: [{ object: `ConfigMap/${namespace}/good`, action: 'created' }] },
  ]);
}, 180_000);
