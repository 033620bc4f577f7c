import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { ManualClock } from '#runtime';
import { loadClusterConfig } from './config.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'plumbline-config-'));
});
afterAll(() => rm(folder, { recursive: true }));

async function kubeconfig(user: unknown, cluster: object = {}): Promise<string> {
  const file = join(folder, 'kubeconfig');
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'here',
    clusters: [{ name: 'c', cluster: { server: 'https://127.0.0.1:6443/below', ...cluster } }],
    users: [{ name: 'u', user }],
    contexts: [{ name: 'here', context: { cluster: 'c', user: 'u', namespace: 'shop' } }],
  };
  await writeFile(file, JSON.stringify(config));
  return file;
}

test('a token in the file is used as it is', async () => {
  const config = await loadClusterConfig({ kubeconfig: await kubeconfig({ token: 'secret' }) });
  expect(config).toMatchObject({ server: 'https://127.0.0.1:6443/below', namespace: 'shop' });
  expect(await config.token?.()).toBe('secret');
});

test('an exec plugin is asked for the token', async () => {
  const status = { apiVersion: 'client.authentication.k8s.io/v1', kind: 'ExecCredential', status: { token: 'fresh' } };
  const exec = {
    apiVersion: status.apiVersion,
    command: process.execPath,
    args: ['-e', `console.log(${JSON.stringify(JSON.stringify(status))})`],
  };
  const config = await loadClusterConfig({ kubeconfig: await kubeconfig({ exec }) });
  expect(await config.token?.()).toBe('fresh');
});

test('a client certificate needs no token', async () => {
  const data = (text: string): string => Buffer.from(text).toString('base64');
  const user = { 'client-certificate-data': data('cert'), 'client-key-data': data('key') };
  const config = await loadClusterConfig({ kubeconfig: await kubeconfig(user, { 'tls-server-name': 'api.example' }) });
  expect(config).toMatchObject({ cert: 'cert', key: 'key', token: undefined, servername: 'api.example' });
});

test('the content of a kubeconfig does as well as its path', async () => {
  const content = await readFile(await kubeconfig({ token: 'secret' }), 'utf8');
  const config = await loadClusterConfig({ kubeconfig: content });
  expect(config).toMatchObject({ server: 'https://127.0.0.1:6443/below', namespace: 'shop' });
});

test('of several files the first that has a name decides, files are found beside theirs, and a cluster may be chosen', async () => {
  const first = await kubeconfig({ tokenFile: 'token-of-user' });
  await writeFile(join(folder, 'token-of-user'), 'from the file\n');
  const second = join(folder, 'second');
  const clusters = ['c', 'other'].map((name) => ({ name, cluster: { server: `https://${name}.example` } }));
  await writeFile(second, JSON.stringify({ 'current-context': 'there', clusters }));
  const several = [first, join(folder, 'missing'), second].join(delimiter);
  const config = await loadClusterConfig({ kubeconfig: several });
  expect(config.server).toBe('https://127.0.0.1:6443/below');
  expect(await config.token?.()).toBe('from the file');
  expect(await loadClusterConfig({ kubeconfig: several, cluster: 'other' })).toMatchObject({
    server: 'https://other.example',
    namespace: 'shop',
  });
});

test.each([
  ['a file that is not there', 'missing', undefined, /missing: not a kubeconfig, found ENOENT/],
  ['a context that is not there', 'kubeconfig', 'nowhere', /nowhere names no cluster/],
])('%s is named', async (_name, file, context, message) => {
  await kubeconfig({});
  await expect(loadClusterConfig({ kubeconfig: join(folder, file), context })).rejects.toMatchObject({
    reason: 'ApiUnavailable',
    message: expect.stringMatching(message),
  });
});

test('outside a cluster and without a kubeconfig there is a sentence', async () => {
  await expect(loadClusterConfig()).rejects.toMatchObject({ message: expect.stringMatching(/give --kubeconfig/) });
});

test('a pod finds the API server by its environment, and reads its token again after a minute', async () => {
  for (const [name, text] of Object.entries({ 'ca.crt': 'PEM', namespace: 'shop', token: 'first\n' }))
    await writeFile(join(folder, name), text);
  const clock = new ManualClock(0);
  const config = await loadClusterConfig({ service: '10.0.0.1:443', accountFolder: folder, clock });
  expect(config).toMatchObject({ server: 'https://10.0.0.1:443', ca: 'PEM', namespace: 'shop' });
  expect(await config.token?.()).toBe('first');
  await writeFile(join(folder, 'token'), 'second\n');
  expect(await config.token?.()).toBe('first');
  await clock.advance(60_000);
  expect(await config.token?.()).toBe('second');
});
