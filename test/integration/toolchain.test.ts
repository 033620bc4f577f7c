/** The control plane that everything else is tested on: it restarts, it can be lost, and it leaves nothing behind. */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { Transport, type KubeObject } from '#kube';
import { startControlPlane, type ControlPlane } from '#toolchain';
import { until } from '#testing';

let folder = '';
let control: ControlPlane;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'plumbline-toolchain-'));
  control = await startControlPlane({ folder, kwok: true });
});

afterAll(async () => {
  await control.stop();
  await rm(folder, { recursive: true, force: true });
});

const alive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};

const status = (path: string, transportToken = control.token): Promise<number> =>
  use(transportToken, async (transport) => {
    const answer = await transport.request({ method: 'GET', path }).catch((error: unknown) => error);
    return (answer as { status: number }).status;
  });

async function use<T>(token: string, work: (transport: Transport) => Promise<T>): Promise<T> {
  const transport = new Transport(control.configFor(token), { connections: 1 });
  try {
    return await work(transport);
  } finally {
    await transport.close();
  }
}

const configMap = '/api/v1/namespaces/default/configmaps/kept';

test('the API server speaks TLS and asks who is there', async () => {
  expect(await status('/api/v1/nodes')).toBe(200);
  expect(await status('/api/v1/nodes', 'wrong')).toBe(401);
  const stranger = new Transport({ ...control.adminConfig, ca: undefined });
  await expect(stranger.request({ method: 'POST', path: '/version', body: {} })).rejects.toMatchObject({ status: 0 });
  await stranger.close();
});

test('a ServiceAccount gets a token, and may do nothing that nobody granted', async () => {
  const token = await control.serviceAccountToken('default', 'default');
  expect(await status('/api/v1/namespaces/default/secrets', token)).toBe(403);
});

test('pods become Ready, and a deleted Deployment takes them along', async () => {
  const labels = { app: 'web' };
  const containers = [{ name: 'web', image: 'example.com/web:1' }];
  const body = {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'web' },
    spec: { replicas: 2, selector: { matchLabels: labels }, template: { metadata: { labels }, spec: { containers } } },
  };
  const path = '/apis/apps/v1/namespaces/default/deployments';
  const pods = '/api/v1/namespaces/default/pods';
  await control.withTransport(async (transport) => {
    await transport.request({ method: 'POST', path, body });
    await until('the Deployment is available', async () => {
      const { body: live } = await transport.request<KubeObject>({ method: 'GET', path: `${path}/web` });
      return (live['status'] as { readyReplicas?: number }).readyReplicas === 2 ? true : undefined;
    });
    await transport.request({ method: 'DELETE', path: `${path}/web` });
    await until('its pods are gone', async () => {
      const { body: list } = await transport.request<{ items: unknown[] }>({ method: 'GET', path: pods });
      return list.items.length === 0 ? true : undefined;
    });
  });
});

test('the API server restarts at the same address with the same objects', async () => {
  const body = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'kept' } };
  await control.withTransport((transport) =>
    transport.request({ method: 'POST', path: '/api/v1/namespaces/default/configmaps', body }),
  );
  const before = control.pids['kube-apiserver'];
  await control.restartApiServer();
  expect(control.pids['kube-apiserver']).not.toBe(before);
  expect(await status('/version')).toBe(200);
  expect(await status(configMap)).toBe(200);
});

test('a lost cluster comes back empty at the same address', async () => {
  await control.replace();
  expect(await status('/version')).toBe(200);
  expect(await status(configMap)).toBe(404);
});

test.each(['SIGKILL', 'SIGINT', 'SIGTERM'] as const)(
  '%s of the starter leaves no process and no data',
  async (signal) => {
    const below = join(folder, signal);
    const script = `
    import { startControlPlane } from '#toolchain';
    const control = await startControlPlane({ folder: ${JSON.stringify(below)} });
    console.log(JSON.stringify(Object.values(control.pids)));
    setInterval(() => {}, 1000);`;
    const args = ['--disable-warning=ExperimentalWarning', '--input-type=module', '--eval', script];
    const starter = spawn(process.execPath, args, {
      cwd: join(import.meta.dirname, '..', '..'),
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [line] = (await once(starter.stdout, 'data')) as [Buffer];
    const pids = JSON.parse(line.toString()) as number[];
    expect(pids).toHaveLength(2);
    expect(pids.every(alive)).toBe(true);
    starter.kill(signal);
    await until('every process has ended', () => Promise.resolve(pids.some(alive) ? undefined : true));
    await until("etcd's data is gone", () =>
      stat(join(below, 'etcd')).then(
        () => undefined,
        () => true,
      ),
    );
    expect(execFileSync('ps', ['-eo', 'args']).toString()).not.toContain(below);
  },
);
