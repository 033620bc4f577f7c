/** The inventory of a stack is deleted while the operator is down, and then the stack: nothing is left behind unnamed. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import {
  configMap,
  kubectl,
  Platform,
  program,
  pulumiStack,
  runWithinMs,
  startPulumiOperator,
  testNamespace,
  until,
  type TestOperator,
} from '#testing';

const own = 'plumbline.dev/v1alpha1';
let operator: TestOperator;

beforeAll(async () => {
  operator = await startPulumiOperator();
});
afterAll(async () => operator[Symbol.asyncDispose]());

const far = (name: string, namespace: string): string => configMap(name, '1', `  namespace: ${namespace}\n`);

test('what bears the labels of the stack goes with it, as with an inventory, and that is told', async () => {
  await using platform = await Platform.create({});
  const { cluster, namespace } = platform;
  const elsewhere = await testNamespace(cluster);
  const commit = await platform.commit({ 'apps/near.yaml': configMap('near'), 'apps/far.yaml': far('far', elsewhere) });
  await platform.stack('apps');
  await platform.applied('apps', commit);
  // Somebody took an object of the stack for a pattern: it is theirs, whatever its labels say.
  const labels = { 'plumbline.dev/stack': 'apps', 'plumbline.dev/stack-namespace': namespace };
  const copy = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'copy', namespace: elsewhere, labels } };
  await kubectl(['create', '-f', '-'], JSON.stringify(copy));
  await operator.kill();
  await cluster.delete(own, 'Inventory', 'apps-0', namespace);
  await cluster.delete(own, 'Stack', 'apps', namespace);
  await operator.start();
  await cluster.untilGone(own, 'Stack', 'apps', namespace);
  expect(await platform.configMap('near')).toBeUndefined();
  expect(await cluster.get('v1', 'ConfigMap', 'far', elsewhere)).toBeUndefined();
  expect(await cluster.get('v1', 'ConfigMap', 'copy', elsewhere)).toBeDefined();
  const told = 'the inventory of the stack was deleted; what bears its labels is taken for its own: ';
  await until('an Event of the stack says so', async () =>
    (await platform.events('Stack', 'apps')).find(({ note }) => note.startsWith(told)),
  );
}, 240_000);

test('of a namespace that was deleted meanwhile, what its stacks left elsewhere is named', async () => {
  await using platform = await Platform.create({});
  const { cluster, namespace } = platform;
  const elsewhere = await testNamespace(cluster);
  const commit = await platform.commit({
    'apps/near.yaml': configMap('near'),
    'apps/far.yaml': far('far', elsewhere),
    ...program(
      'infra',
      `map('by-program'); new ConfigMap('far', { metadata: { name: 'far-by-program', namespace: '${elsewhere}' } });`,
    ),
  });
  await platform.stack('apps');
  await pulumiStack(platform, 'infra');
  for (const stack of ['apps', 'infra']) await platform.applied(stack, commit, runWithinMs);
  await operator.kill();
  await cluster.delete('v1', 'Namespace', namespace);
  for (const stack of ['apps', 'infra']) await cluster.untilGone(own, 'Inventory', `${stack}-0`, namespace);
  await operator.start();
  await cluster.untilGone('v1', 'Namespace', namespace);
  for (const [stack, left] of [
    ['apps', 'far'],
    ['infra', 'far-by-program'],
  ] as const) {
    expect(await cluster.get('v1', 'ConfigMap', left, elsewhere)).toBeDefined();
    expect(await operator.log()).toContain(
      `stack ${namespace}/${stack} went with its namespace, and left elsewhere: ConfigMap/${elsewhere}/${left}; delete them by hand`,
    );
  }
}, 600_000);
