/** `npm run bench`: what docs/performance.md names, measured in one run on one API server, as a table and as JSON. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { loadAll } from 'js-yaml';
import { applyObject, Discovery, Transport, type KubeObject } from '#kube';
import { mapBounded } from '#runtime';
import {
  freePorts,
  GitRepository,
  removeAtEnd,
  startControlPlane,
  startGitServer,
  startProcess,
  type RunningProcess,
} from '#toolchain';

const objects = Number(process.argv[2] ?? 1000);
const namespace = 'bench';
const root = join(import.meta.dirname, '..');

const folder = await mkdtemp(join(tmpdir(), 'plumbline-bench-'));
removeAtEnd(folder);
const cluster = await startControlPlane({ folder: join(folder, 'cluster') });
const transport = new Transport(cluster.adminConfig);
const discovery = new Discovery(transport);
let operator: RunningProcess | undefined;

async function apply(object: KubeObject): Promise<void> {
  const [group, version] = object.apiVersion.includes('/') ? object.apiVersion.split('/') : ['', object.apiVersion];
  const resource = await discovery.resource({ group: group ?? '', kind: object.kind }, version);
  if (resource === undefined) throw new Error(`the API server does not serve ${object.kind}`);
  await applyObject({ transport, resource, object, force: true });
}

const configMap = (name: string, space: string): KubeObject => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, namespace: space, labels: { app: 'bench' } },
  data: { one: 'value one', two: 'value two' },
});

async function until<T>(check: () => Promise<T | undefined>): Promise<T> {
  for (;;) {
    const found = await check();
    if (found !== undefined) return found;
    await sleep(5);
  }
}

interface StackView {
  readonly metadata: { readonly creationTimestamp: string };
  readonly status?: { readonly conditions?: readonly { readonly type: string; readonly status: string }[] };
}

async function stackReady(): Promise<true | undefined> {
  const path = `/apis/plumbline.dev/v1alpha1/namespaces/${namespace}/stacks/bench`;
  const { body } = await transport.request<StackView>({ method: 'GET', path });
  return body.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') ? true : undefined;
}

/** Milliseconds of a bare loop that sends the same requests. */
async function bareLoop(): Promise<number> {
  await apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'bare' } });
  const started = performance.now();
  await mapBounded([...Array(objects).keys()], 32, (index) => apply(configMap(`c${index}`, 'bare')));
  return performance.now() - started;
}

async function metric(port: number, name: string): Promise<number> {
  const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
  return text
    .split('\n')
    .filter((line) => line.startsWith(name) && !line.includes('verb="PUT"'))
    .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' '))), 0);
}

/** Each round edits another object: a fight over one would be slowed down, as it should. */
async function heal(round: number): Promise<number> {
  const path = `/api/v1/namespaces/${namespace}/configmaps/c${round}`;
  const body = { data: { one: 'by hand' } };
  await transport.request({
    method: 'PATCH',
    path,
    body,
    query: { fieldManager: 'hand' },
    contentType: 'application/merge-patch+json',
  });
  const started = performance.now();
  await until(async () => {
    const { body: found } = await transport.request<{ data: { one: string } }>({ method: 'GET', path });
    return found.data.one === 'value one' ? true : undefined;
  });
  return performance.now() - started;
}

async function measure(): Promise<Record<string, number>> {
  for (const kind of ['gitsources', 'stacks', 'changes', 'inventories']) {
    for (const crd of loadAll(await readFile(join(root, 'charts', 'crds', `${kind}.yaml`), 'utf8')) as KubeObject[])
      await apply(crd);
  }
  await until(() =>
    transport.request({ method: 'GET', path: '/apis/plumbline.dev/v1alpha1/stacks' }).then(
      () => true as const,
      () => undefined,
    ),
  );
  discovery.invalidate();
  const repository = await new GitRepository(join(folder, 'git', 'bench')).init();
  const files = [...Array(objects).keys()].map(
    (index) => [`app/c${index}.json`, JSON.stringify(configMap(`c${index}`, namespace))] as const,
  );
  await repository.commit(Object.fromEntries(files), 'Objects');
  const git = await startGitServer(join(folder, 'git'));
  const [port = 0] = await freePorts(1);
  const args = [
    '--disable-warning=ExperimentalWarning',
    join(root, 'operator', 'main.ts'),
    '--kubeconfig',
    cluster.kubeconfig,
  ];
  operator = await startProcess({
    name: 'operator',
    program: process.execPath,
    args: [
      ...args,
      '--no-leader-election',
      '--probe-address',
      `127.0.0.1:${port}`,
      '--data-folder',
      join(folder, 'data'),
    ],
    logFile: join(folder, 'operator.log'),
  });
  await until(() =>
    fetch(`http://127.0.0.1:${port}/readyz`).then(
      ({ ok }) => (ok ? true : undefined),
      () => undefined,
    ),
  );
  const rssAtZero = await metric(port, 'process_resident_memory_bytes');
  await apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } });
  await apply({ apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'bench', namespace } });
  await apply({
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'ClusterRoleBinding',
    metadata: { name: 'bench' },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'cluster-admin' },
    subjects: [{ kind: 'ServiceAccount', name: 'bench', namespace }],
  });
  const api = 'plumbline.dev/v1alpha1';
  await apply({
    apiVersion: api,
    kind: 'GitSource',
    metadata: { name: 'bench', namespace },
    spec: { url: `${git.url}/bench/.git`, interval: '1h' },
  });
  await until(async () => {
    const { body } = await transport.request<StackView>({
      method: 'GET',
      path: `/apis/${api}/namespaces/${namespace}/gitsources/bench`,
    });
    return body.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True')
      ? true
      : undefined;
  });
  const bare = await bareLoop();
  const started = performance.now();
  await apply({
    apiVersion: api,
    kind: 'Stack',
    metadata: { name: 'bench', namespace },
    spec: { sourceRef: { name: 'bench' }, path: 'app', serviceAccountName: 'bench', interval: '1s' },
  });
  await until(stackReady);
  const first = performance.now() - started;
  await sleep(1500);
  const before = await metric(port, 'plumbline_api_requests_total');
  await sleep(5000);
  const unchanged = (await metric(port, 'plumbline_api_requests_total')) - before;
  const heals: number[] = [];
  for (let round = 0; round < 20; round += 1) {
    heals.push(await heal(round));
    await sleep(200);
  }
  const megabytes = async (): Promise<number> =>
    Math.round((await metric(port, 'process_resident_memory_bytes')) / 2 ** 20);
  const result = {
    objects,
    bareLoopMs: Math.round(bare),
    firstApplyMs: Math.round(first),
    firstApplyRatio: Number((first / bare).toFixed(2)),
    requestsUnchangedIn5s: unchanged,
    healMedianMs: Math.round(heals.sort((a, b) => a - b)[10] ?? 0),
    residentMiBAtZero: Math.round(rssAtZero / 2 ** 20),
    residentMiB: await megabytes(),
  };
  await git[Symbol.asyncDispose]();
  return result;
}

try {
  const result = await measure();
  for (const [name, value] of Object.entries(result)) process.stdout.write(`${name.padEnd(24)} ${value}\n`);
  process.stdout.write(`${JSON.stringify(result)}\n`);
} finally {
  await operator?.stop('SIGTERM');
  await transport.close();
  await cluster.stop();
  await rm(folder, { recursive: true, force: true });
}
