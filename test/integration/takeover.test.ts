/** What cuts an apply of many objects short from outside: the API server restarts, the leader is killed. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { KubeObject } from '#kube';
import { configMap, Platform, requestsIn, Supervisor, until } from '#testing';
import { startControlPlane, type ControlPlane } from '#toolchain';

const many = 300;

let plane: ControlPlane;
const operators: Supervisor[] = [];
beforeAll(async () => {
  plane = await startControlPlane({ folder: await mkdtemp(join(tmpdir(), 'plumbline-takeover-')) });
}, 60_000);
afterAll(async () => {
  for (const operator of operators) await operator[Symbol.asyncDispose]();
  await plane.stop();
  await rm(plane.folder, { recursive: true, force: true });
});

const names = Array.from({ length: many }, (_, index) => `c${index}`);
const files = (value: string): Record<string, string> =>
  Object.fromEntries(names.map((name) => [`app/${name}.yaml`, configMap(name, value)]));

/** Number of objects that have come as far as the commit with this value. */
async function reached({ cluster, namespace }: Platform, value: string): Promise<number> {
  const { body } = await cluster.transport.request<{ items: (KubeObject & { data?: { value?: string } })[] }>({
    method: 'GET',
    path: `/api/v1/namespaces/${namespace}/configmaps`,
  });
  return body.items.filter(({ data }) => data?.value === value).length;
}

const begun = (platform: Platform, value: string): Promise<true> =>
  until('the apply has begun', async () => ((await reached(platform, value)) > 5 ? true : undefined), 30_000);

/** What the records of a commit say was done, object by object. */
async function recorded(platform: Platform, commit: string): Promise<string[]> {
  const changes = (await platform.changes('app')).filter(({ commit: { sha } }) => sha === commit);
  return changes.flatMap(({ objects }) => objects.map(({ object, action }) => `${action} ${object}`)).sort();
}

const said = ({ namespace }: Platform, action: string): string[] =>
  names.map((name) => `${action} ConfigMap/${namespace}/${name}`).sort();

/** One of two operators, the one that holds the Lease. */
async function leader({ cluster }: Platform): Promise<Supervisor> {
  const lease = await cluster.get<KubeObject & { spec: { holderIdentity: string } }>(
    'coordination.k8s.io/v1',
    'Lease',
    'plumbline',
    'default',
  );
  for (const operator of operators)
    if ((await operator.log()).includes(`"leading","identity":"${lease?.spec.holderIdentity}"`)) return operator;
  throw new Error(`nobody is ${lease?.spec.holderIdentity}`);
}

test('an apply goes on over a restart of the API server, and over the death of the leader, and doubles nothing', async () => {
  await using platform = await Platform.create(files('1'), plane.kubeconfig);
  // Few connections, so that there is a middle.
  const flags = ['--namespace=default', '--connections=2', '--log-level=debug'];
  for (let count = 0; count < 2; count += 1) operators.push(await Supervisor.start(plane.kubeconfig, ...flags));
  const first = await platform.git.repository.git('rev-parse', 'HEAD');
  await platform.stack('app');
  await begun(platform, '1');
  await plane.restartApiServer();
  const requests = requestsIn(await (await leader(platform)).log());
  expect(requests).toContainEqual(expect.stringMatching(/^PATCH .*configmaps\/c\d+ 0$/));
  await until(
    'the first commit is applied',
    async () => (await platform.isReady('app')) !== undefined || undefined,
    60_000,
  );
  expect(await recorded(platform, first)).toEqual(said(platform, 'created'));

  const second = await platform.commit(files('2'));
  await begun(platform, '2');
  const killed = await leader(platform);
  await killed.halt();
  expect(await reached(platform, '2')).toBeLessThan(many);
  await until(
    'the other one has applied the second commit',
    async () => ((await platform.isReady('app'))?.status?.applied?.commit === second ? true : undefined),
    60_000,
  );
  expect(await leader(platform)).not.toBe(killed);
  expect(await recorded(platform, second)).toEqual(said(platform, 'configured'));
}, 180_000);
