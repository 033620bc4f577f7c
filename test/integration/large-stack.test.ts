import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Inventory } from '#api';
import { Platform, startTestOperator, until, type TestOperator } from '#testing';

let operator: TestOperator;
beforeAll(async () => {
  operator = await startTestOperator();
}, 60_000);
afterAll(async () => operator[Symbol.asyncDispose]());

const count = 10_000;
const files = 20;
const withinMs = 400_000;

/** Small ConfigMaps, many a file. */
const manifests = (): Record<string, string> => {
  const all = [...Array(count).keys()].map(
    (index) => `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c${index}}\ndata: {n: "${index}"}\n`,
  );
  const each = count / files;
  return Object.fromEntries(
    [...Array(files).keys()].map((file) => [
      `app/${file}.yaml`,
      all.slice(file * each, (file + 1) * each).join('---\n'),
    ]),
  );
};

/** Number of objects of a list, without reading them all. */
async function countOf({ cluster, namespace }: Platform): Promise<number> {
  const { body } = await cluster.transport.request<{ items: unknown[]; metadata: { remainingItemCount?: number } }>({
    method: 'GET',
    path: `/api/v1/namespaces/${namespace}/configmaps`,
    query: { limit: '1' },
  });
  return body.items.length + (body.metadata.remainingItemCount ?? 0);
}

test('10,000 objects in one stack are applied, cost nothing while nothing changes, and are pruned', async () => {
  await using platform = await Platform.create(manifests());
  const { cluster, namespace } = platform;
  await until('the namespace has its certificate', () => platform.configMap('kube-root-ca.crt'));
  await platform.stack('app', 'interval: 1s, timeout: 10m');
  const stack = await until('10,000 objects are applied', () => platform.isReady('app'), withinMs);
  expect(stack.status?.objects).toBe(count);
  expect(await countOf(platform)).toBe(count + 1);

  // What grows with the number of objects is in the shards alone.
  expect(JSON.stringify(stack).length).toBeLessThan(10_000);
  const { body } = await cluster.transport.request<{ items: Inventory[] }>({
    method: 'GET',
    path: `/apis/plumbline.dev/v1alpha1/namespaces/${namespace}/inventories`,
  });
  const shards = body.items.map(({ spec }) => spec.entries.length);
  expect(shards.reduce((sum, entries) => sum + entries, 0)).toBe(count);
  expect(Math.max(...shards)).toBeLessThan(2000);
  expect(Math.max(...body.items.map((shard) => JSON.stringify(shard).length))).toBeLessThan(500_000);
  expect(JSON.stringify(await platform.changes('app')).length).toBeLessThan(200_000);

  const quiet = await until(
    'two seconds without a request',
    async () => {
      const { length: before } = await operator.requests();
      await sleep(2000);
      const { length: after } = await operator.requests();
      return after === before ? after : undefined;
    },
    60_000,
  );
  await sleep(3000);
  expect((await operator.requests()).slice(quiet)).toEqual([]);

  await platform.stack('app', 'allowEmpty: true, timeout: 10m');
  const empty = { ...Object.fromEntries(Object.keys(manifests()).map((name) => [name, null])), 'app/x.txt': 'empty' };
  const commit = await platform.commit(empty);
  await until(
    '10,000 objects are pruned',
    async () => ((await platform.isReady('app'))?.status?.applied?.commit === commit ? true : undefined),
    withinMs,
  );
  expect(await countOf(platform)).toBe(1);
}, 900_000);
