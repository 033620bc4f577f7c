/** Objects near the API server's own limit: a definition of a megabyte, as monitoring stacks and clouds have them. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { setTimeout as sleep } from 'node:timers/promises';
import { Platform, startTestOperator, type TestOperator } from '#testing';

let operator: TestOperator;
beforeAll(async () => {
  operator = await startTestOperator();
}, 60_000);
afterAll(async () => operator[Symbol.asyncDispose]());

const megabyte = 2 ** 20;

/** A definition whose fields have much to say. */
function definition(group: string): string {
  const words = 'This field is described at length, as generated definitions of large operators do. '.repeat(12);
  const properties = Object.fromEntries(
    [...Array(1000).keys()].map((index) => [`field${index}`, { type: 'string', description: words }]),
  );
  return JSON.stringify({
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `larges.${group}` },
    spec: {
      group,
      scope: 'Namespaced',
      names: { kind: 'Large', plural: 'larges', singular: 'large', listKind: 'LargeList' },
      versions: [
        {
          name: 'v1',
          served: true,
          storage: true,
          schema: { openAPIV3Schema: { type: 'object', properties: { spec: { type: 'object', properties } } } },
        },
      ],
    },
  });
}

test('a definition of a megabyte is applied with an object of its kind, and costs nothing afterwards', async () => {
  await using platform = await Platform.create({ 'readme.txt': 'large objects' });
  const group = `${platform.namespace}.example.com`;
  const text = definition(group);
  expect(text.length).toBeGreaterThan(megabyte * 0.95);
  const commit = await platform.commit({
    'app/definition.json': text,
    'app/object.yaml': `apiVersion: ${group}/v1\nkind: Large\nmetadata: {name: one}\nspec: {field7: seven}\n`,
  });
  await platform.stack('app', 'interval: 1s');
  await platform.applied('app', commit);
  await sleep(500);
  const before = (await operator.requests()).length;
  await sleep(3000);
  expect((await operator.requests()).slice(before)).toEqual([]);
}, 60_000);
