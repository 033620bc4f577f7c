/** What cuts an apply short: a kill, a stop, a newer commit. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { loadClusterConfig } from '#kube';
import { configMap, FaultProxy, kubeconfig, Platform, SeededRandom, Supervisor, until } from '#testing';

let folder: string;
let proxy: FaultProxy;
let operator: Supervisor;
beforeAll(async () => {
  const config = await loadClusterConfig({ kubeconfig });
  proxy = await FaultProxy.start(config);
  folder = await mkdtemp(join(tmpdir(), 'plumbline-interruption-'));
  const file = join(folder, 'kubeconfig');
  await writeFile(file, proxy.kubeconfig((await config.token?.()) ?? ''), { mode: 0o600 });
  operator = await Supervisor.start(file, '--no-leader-election');
}, 60_000);
afterAll(async () => {
  await operator[Symbol.asyncDispose]();
  await proxy[Symbol.asyncDispose]();
  await rm(folder, { recursive: true });
});

const many = 150;
const random = new SeededRandom(Number(process.env['PLUMBLINE_FAULT_SEED'] ?? 1));

const files = (from: number, end: number, value: string | null): Record<string, string | null> =>
  Object.fromEntries(
    Array.from({ length: end - from }, (_, index) => from + index).map((index) => [
      `app/c${index}.yaml`,
      value === null ? null : configMap(`c${index}`, value),
    ]),
  );

interface Listed {
  readonly metadata: { readonly name: string };
  readonly spec: {
    readonly commit: { readonly sha: string };
    readonly objects?: readonly { readonly object: string; readonly action: string }[];
  };
}

async function list(platform: Platform, path: string): Promise<Listed[]> {
  const query = path.includes('configmaps') ? { labelSelector: 'plumbline.dev/stack' } : {};
  const answer = await platform.cluster.transport.request<{ items: Listed[] }>({ method: 'GET', path, query });
  return answer.body.items;
}

const configMaps = (platform: Platform): Promise<Listed[]> =>
  list(platform, `/api/v1/namespaces/${platform.namespace}/configmaps`);

/** What the records of a commit say was done, object by object. */
async function recorded(platform: Platform, commit: string): Promise<string[]> {
  const changes = await list(platform, `/apis/plumbline.dev/v1alpha1/namespaces/${platform.namespace}/changes`);
  const own = changes.filter(({ spec }) => spec.commit.sha === commit);
  return own.flatMap(({ spec }) => (spec.objects ?? []).map(({ object, action }) => `${action} ${object}`)).sort();
}

const said = (platform: Platform, action: string, from: number, end: number): string[] =>
  Object.keys(files(from, end, null))
    .map((file) => `${action} ConfigMap/${platform.namespace}/${file.slice('app/'.length, -'.yaml'.length)}`)
    .sort();

async function killSometimes(times: number): Promise<void> {
  for (let time = 0; time < times; time += 1) {
    await sleep(random.between(0, 1500));
    await operator.kill({ wipe: random.chance(0.3) });
  }
}

test('killed at any place of an apply, a change, a prune or a deletion, it goes on, and records each once', async () => {
  await using platform = await Platform.create(files(0, many, '1') as Record<string, string>);
  const first = await platform.git.repository.git('rev-parse', 'HEAD');
  await platform.stack('app', 'pruneLimit: 100');
  await killSometimes(3);
  await platform.applied('app', first);
  expect(await recorded(platform, first)).toEqual(said(platform, 'created', 0, many));
  const second = await platform.commit({ ...files(0, 60, '2'), ...files(100, many, null) });
  await killSometimes(3);
  await platform.applied('app', second);
  expect(await configMaps(platform)).toHaveLength(100);
  expect(await recorded(platform, second)).toEqual(
    [...said(platform, 'configured', 0, 60), ...said(platform, 'pruned', 100, many)].sort(),
  );
  await platform.cluster.delete('plumbline.dev/v1alpha1', 'Stack', 'app', platform.namespace);
  await killSometimes(2);
  await until('the stack is gone', async () => ((await platform.get('app')) === undefined ? true : undefined), 30_000);
  expect(await configMaps(platform)).toEqual([]);
}, 120_000);

test('killed between the record of a change and the note of it, it tells of nothing twice, not even in the next', async () => {
  await using platform = await Platform.create(files(0, 4, '1') as Record<string, string>);
  const first = await platform.git.repository.git('rev-parse', 'HEAD');
  let told = false;
  // Whatever would be written after the record does not arrive.
  proxy.fault = (method, url) => {
    if (method === 'POST' && url.includes('/changes')) told = true;
    else if (told && method !== 'GET') return { drop: true };
    return undefined;
  };
  await platform.stack('app');
  await until('the change is recorded', async () => ((await recorded(platform, first)).length > 0 ? true : undefined));
  const second = await platform.commit({ ...files(0, 1, '2'), ...files(3, 4, null) });
  // Without its disk it sees the next commit first.
  await operator.kill({ wipe: true });
  proxy.fault = () => undefined;
  await platform.applied('app', second);
  expect(await recorded(platform, first)).toEqual(said(platform, 'created', 0, 4));
  const news = [...said(platform, 'configured', 0, 1), ...said(platform, 'pruned', 3, 4)];
  expect(await recorded(platform, second)).toEqual(news.sort());
}, 60_000);

test('told to stop in the middle of an apply, it ends in order, and the next one finishes', async () => {
  await using platform = await Platform.create(files(0, many, '1') as Record<string, string>);
  const first = await platform.git.repository.git('rev-parse', 'HEAD');
  await platform.stack('app');
  await until('the apply has begun', async () => ((await configMaps(platform)).length > 5 ? true : undefined));
  expect(await operator.terminate()).toBe(0);
  await platform.applied('app', first);
  expect(await recorded(platform, first)).toEqual(said(platform, 'created', 0, many));
}, 60_000);

const neverReady = `apiVersion: apps/v1
kind: Deployment
metadata: {name: stuck, annotations: {plumbline.dev/wave: "1"}}
spec:
  selector: {matchLabels: {app: stuck}}
  template:
    metadata: {labels: {app: stuck}}
    spec: {containers: [{name: c, image: "example.com/none:1"}]}
`;

test('a fix takes over at once from a commit whose wave never gets ready', async () => {
  const late = configMap('late', '1', '  annotations: {plumbline.dev/wave: "2"}\n');
  await using platform = await Platform.create({ 'app/stuck.yaml': neverReady, 'app/late.yaml': late });
  await platform.stack('app');
  await until('the wave waits', async () => {
    const { status } = (await platform.get('app')) ?? {};
    return status?.waitingFor?.includes('stuck') === true || undefined;
  });
  expect(await platform.configMap('late')).toBeUndefined();
  await platform.applied('app', await platform.commit({ 'app/stuck.yaml': null }, 'Fix'));
  expect(await platform.configMap('late')).toBeDefined();
}, 60_000);
