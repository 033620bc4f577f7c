import { randomBytes } from 'node:crypto';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { list, loadClusterConfig, Transport, type KubeObject, type RequestRecord } from '#kube';
import { createLog, systemClock, type Clock } from '#runtime';
import { createStateStore, type StateSession, type StateStore } from '#state';
import { temporaryFolder } from '#toolchain';
import { cluster, FaultProxy, kubeconfig, testNamespace, until, type Fault, type TestCluster } from '#testing';
import { checkpoint, urnOf } from '../support/pulumi.ts';

let server: TestCluster;
let stack: { namespace: string; name: string };
let folder: string;
const { signal } = new AbortController();

beforeAll(async () => {
  server = await cluster();
}, 60_000);
afterAll(async () => server[Symbol.asyncDispose]());
beforeEach(async () => {
  stack = { namespace: await testNamespace(server), name: 'shop' };
  folder = await temporaryFolder('state');
});

/** Leases of fifteen seconds run out in five; requests have time enough still. */
const hurry = 3;
const clock: Clock = {
  now: () => systemClock.now() * hurry,
  sleep: (ms, options) => systemClock.sleep(ms / hurry, options),
  after: (ms, callback) => systemClock.after(ms / hurry, callback),
};

const store = (identity: string, at = folder, transport = server.transport): StateStore =>
  createStateStore({ transport, clock, log, identity, folder: at });
const log = createLog({ level: 'error', clock: systemClock });
const open = (by = store('first')): Promise<StateSession> => by.open(stack, { backend: undefined, signal });
/** An operator on another node. */
const elsewhere = (identity = 'second'): Promise<StateSession> => open(store(identity, join(folder, identity)));

/** Writes as the engine does: beside its place, then moved. */
async function engineWrites({ backend }: StateSession, count: number): Promise<void> {
  const file = join(fileURLToPath(backend.url), '.pulumi', 'stacks', 'shop', 'dev.json');
  await mkdir(dirname(file), { recursive: true });
  await writeFile(`${file}.tmp`, checkpoint(count));
  await rename(`${file}.tmp`, file);
}

const countOf = async (session: StateSession): Promise<number> => (await session.resources()).length;

type Secret = KubeObject & { readonly type: string; readonly data: Readonly<Record<string, string>> };

async function secrets(type: string): Promise<Secret[]> {
  const found: Secret[] = [];
  const path = `/api/v1/namespaces/${stack.namespace}/secrets`;
  const pages = list(server.transport, { path, query: {}, accept: 'application/json' });
  for await (const secret of pages) found.push(secret as Secret);
  return found.filter((secret) => secret.type === `plumbline.dev/${type}`);
}

const chunks = (): Promise<Secret[]> => secrets('pulumi-state-chunk');
const manifests = (): Promise<Secret[]> => secrets('pulumi-state');
const deleteSecret = (name = ''): Promise<void> => server.delete('v1', 'Secret', name, stack.namespace);

test('5,000 resources: pieces fit in Secrets, a small change sends little, another node gets it all', async () => {
  const requests: RequestRecord[] = [];
  const onRequest = (request: RequestRecord): void => void requests.push(request);
  await using transport = closing(new Transport(await loadClusterConfig({ kubeconfig }), { onRequest }));
  const first = store('first', folder, transport.of);
  const sentBy = async (work: () => Promise<void>): Promise<string[]> => {
    requests.length = 0;
    await work();
    return requests.filter(({ path, verb }) => path.includes('/secrets') && verb !== 'GET').map(({ verb }) => verb);
  };
  const whole = await sentBy(async () => {
    await using session = await open(first);
    await engineWrites(session, 5000);
  });
  const stored = await chunks();
  const bytes = stored.map(({ data }) => Buffer.from(Object.values(data)[0] ?? '', 'base64').length);
  expect(Math.max(...bytes)).toBeLessThan(1024 * 1024);
  // The passphrase, the pieces, the manifest.
  expect(whole).toHaveLength(stored.length + 2);
  expect(stored.length).toBeLessThan(40);
  const little = await sentBy(async () => {
    await using session = await open(first);
    await engineWrites(session, 5001);
  });
  // The piece with the time at its beginning, and that with the new resource.
  expect(little).toEqual(['POST', 'POST', 'PUT', 'DELETE', 'DELETE']);
  const nothing = await sentBy(async () => {
    await using session = await open(first);
    expect(await countOf(session)).toBe(5001);
  });
  expect(nothing).toEqual([]);
  await using session = await elsewhere();
  expect(await countOf(session)).toBe(5001);
}, 60_000);

test('while a run goes on, its state follows within a second; the engine may die with its node', async () => {
  await using session = await open();
  await engineWrites(session, 3);
  await until('the state is in the cluster', async () => ((await chunks()).length === 1 ? true : undefined));
  const [before] = await chunks();
  await engineWrites(session, 4);
  // The piece that is not needed any more goes last.
  await until('the newer one is, alone', async () => {
    const now = await chunks();
    return now.length === 1 && now[0]?.metadata.name !== before?.metadata.name ? true : undefined;
  });
});

test('cut short before its manifest, a state is the old one for others; the disk that holds more goes on, and tidies up', async () => {
  await using behind = await behindProxy();
  const { first, proxy } = behind;
  {
    await using session = await open(first);
    await engineWrites(session, 3);
  }
  const cut = await open(first);
  await engineWrites(cut, 4);
  const body = JSON.stringify({ kind: 'Status', message: 'injected', code: 403 });
  proxy.fault = (method, url) =>
    method === 'PUT' && url.includes('/secrets/') ? { refuse: { status: 403, body } } : undefined;
  await expect(cut[Symbol.asyncDispose]()).rejects.toThrow('injected');
  expect(await chunks()).toHaveLength(2);
  {
    await using session = await elsewhere();
    expect(await countOf(session)).toBe(3);
  }
  proxy.fault = () => undefined;
  {
    await using session = await open(first);
    expect(await countOf(session)).toBe(4);
  }
  expect(await chunks()).toHaveLength(1);
  await using session = await elsewhere('third');
  expect(await countOf(session)).toBe(4);
}, 30_000);

describe('a Secret that a quota has refused', () => {
  /** As a ResourceQuota answers when two Secrets are made at once. */
  const refusal = {
    status: 409,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ kind: 'Status', reason: 'Conflict', message: 'the quota was changed', code: 409 }),
  };
  const refuse = (method: string, url: string): Fault | undefined =>
    method === 'POST' && url.includes('/secrets') ? { refuse: refusal } : undefined;

  test('a piece is not taken for one that is there: no manifest names it', async () => {
    await using behind = await behindProxy();
    const { first, proxy } = behind;
    {
      await using session = await open(first);
      await engineWrites(session, 3);
    }
    const session = await open(first);
    proxy.fault = refuse;
    await engineWrites(session, 4);
    await expect(session[Symbol.asyncDispose]()).rejects.toThrow('the quota was changed');
    {
      await using other = await elsewhere();
      expect(await countOf(other)).toBe(3);
    }
    proxy.fault = () => undefined;
    await using again = await open(first);
    expect(await countOf(again)).toBe(4);
  }, 30_000);

  test('a passphrase is not used, and no empty one instead', async () => {
    await using behind = await behindProxy();
    const { first, proxy } = behind;
    proxy.fault = refuse;
    await expect(open(first)).rejects.toThrow('the quota was changed');
    proxy.fault = () => undefined;
    await using session = await open(first);
    expect(session.backend.environment['PULUMI_CONFIG_PASSPHRASE']).toMatch(/^.{40}/);
  }, 30_000);
});

describe('locked', () => {
  test('one run at a time: another operator and another run of the same one are told who has it', async () => {
    const first = store('first');
    await using _session = await open(first);
    const told = `${stack.namespace}/shop: the state is in the hands of first; it goes on when that ends`;
    await expect(open(first)).rejects.toMatchObject({ reason: 'StateLocked', message: told });
    await expect(elsewhere()).rejects.toMatchObject({ reason: 'StateLocked', message: told });
  }, 30_000);

  test('one that died is taken over after its time; when it wakes it is told, and writes nothing', async () => {
    const transport = new Transport(await loadClusterConfig({ kubeconfig }));
    const asleep = await open(store('first', folder, transport));
    await engineWrites(asleep, 2);
    // The manifest goes last: only then is there a state for others.
    await until('its state is in the cluster', async () => ((await manifests()).length === 1 ? true : undefined));
    await transport.close();
    await engineWrites(asleep, 3);
    {
      await using session = await elsewhere();
      expect(await countOf(session)).toBe(2);
      await engineWrites(session, 5);
    }
    await until('the one that slept knows', () => Promise.resolve(asleep.signal.aborted || undefined));
    await asleep[Symbol.asyncDispose]();
    await using session = await open(store('first'));
    expect(await countOf(session)).toBe(5);
  }, 60_000);

  test('one that was lost for want of an answer is given back once there is one, so that nobody waits for it', async () => {
    await using behind = await behindProxy();
    const { first, proxy } = behind;
    const session = await open(first);
    proxy.fault = (method, url) => (method === 'PUT' && url.includes('/leases/') ? { drop: true } : undefined);
    await until('the lock is lost', () => Promise.resolve(session.signal.aborted || undefined));
    proxy.fault = () => undefined;
    await session[Symbol.asyncDispose]();
    const lease = await server.get('coordination.k8s.io/v1', 'Lease', 'shop-pulumi-state', stack.namespace);
    expect(lease?.['spec']).toMatchObject({ holderIdentity: '' });
  }, 60_000);
});

describe('damaged', () => {
  const corrupt = (name: string, what: string): object => ({
    reason: 'StateCorrupt',
    message: `Secret/${stack.namespace}/${name}: ${what}`,
  });
  const restore = 'restore the Secret from a backup, or import an export of the state';
  const manifest = 'shop-pulumi-state';
  const put = (name: string, type: string, data: Record<string, string>): Promise<unknown> =>
    server.apply(
      JSON.stringify({ apiVersion: 'v1', kind: 'Secret', metadata: { name, namespace: stack.namespace }, type, data }),
    );

  beforeEach(async () => {
    await using session = await open();
    await engineWrites(session, 3);
  });

  test('a piece is missing: it is named, and made anew by an operator that still has it on disk', async () => {
    const [{ metadata } = { metadata: { name: '' } }] = await chunks();
    await deleteSecret(metadata.name);
    await expect(elsewhere()).rejects.toMatchObject(
      corrupt(metadata.name, `this piece of the state is missing; ${restore}`),
    );
    {
      await using session = await open();
      await engineWrites(session, 4);
    }
    await using session = await elsewhere();
    expect(await countOf(session)).toBe(4);
  });

  test.each([
    ['is no archive', randomBytes(100)],
    ['is another piece', Buffer.from('H4sIAAAAAAAAA0vKTAIAhJQ2rQMAAAA=', 'base64')],
  ])('a piece %s', async (_, bytes) => {
    const [{ metadata, type } = { metadata: { name: '' }, type: '' }] = await chunks();
    await deleteSecret(metadata.name);
    await put(metadata.name, type, { 'piece.gz': bytes.toString('base64') });
    const what = `this piece of the state is not what was written; ${restore}`;
    await expect(elsewhere()).rejects.toMatchObject(corrupt(metadata.name, what));
  });

  test('the manifest is of a newer version', async () => {
    await deleteSecret(manifest);
    const text = JSON.stringify({ format: 2, files: [] });
    await put(manifest, 'plumbline.dev/pulumi-state', { 'manifest.json': Buffer.from(text).toString('base64') });
    const what =
      'the state was written by a newer version of Plumbline, expected format 1, found format 2; upgrade the operator';
    await expect(elsewhere()).rejects.toMatchObject(corrupt(manifest, what));
  });

  test('all Secrets of the state are gone: the operator that has it on disk writes them again', async () => {
    for (const { metadata } of await chunks()) await deleteSecret(metadata.name);
    await deleteSecret(manifest);
    await (await open())[Symbol.asyncDispose]();
    await using session = await elsewhere();
    expect(await countOf(session)).toBe(3);
  });

  test('the disk is gone with the node: the lock is free, and nothing is lost', async () => {
    await rm(folder, { recursive: true });
    await using session = await open();
    expect((await session.resources()).map(({ urn }) => urn)).toEqual([0, 1, 2].map(urnOf));
  });
});

describe('removed', () => {
  test('a state with resources is kept; one that is empty goes with lock and passphrase', async () => {
    const first = store('first');
    {
      await using session = await open(first);
      await engineWrites(session, 3);
    }
    const options = { backend: undefined, signal };
    await expect(first.remove(stack, options)).rejects.toThrow(/the state still holds 3 resources, and was kept/);
    expect(await chunks()).toHaveLength(1);
    {
      await using session = await open(first);
      await engineWrites(session, 0);
    }
    await first.remove(stack, options);
    const left = await Promise.all(['pulumi-state-chunk', 'pulumi-state', 'pulumi-passphrase'].map(secrets));
    expect(left.flat()).toEqual([]);
    expect(await server.get('coordination.k8s.io/v1', 'Lease', 'shop-pulumi-state', stack.namespace)).toBeUndefined();
  });
});

/** The store `first`, whose requests may go wrong on their way. */
async function behindProxy(): Promise<AsyncDisposable & { readonly first: StateStore; readonly proxy: FaultProxy }> {
  const { token } = await loadClusterConfig({ kubeconfig });
  await using made = new AsyncDisposableStack();
  const proxy = made.use(await FaultProxy.start(await loadClusterConfig({ kubeconfig })));
  const transport = made.adopt(new Transport({ server: proxy.url, token }), (each) => each.close());
  const all = made.move();
  return {
    proxy,
    first: store('first', folder, transport),
    [Symbol.asyncDispose]: () => all.disposeAsync(),
  };
}

const closing = (of: Transport): AsyncDisposable & { readonly of: Transport } => ({
  of,
  [Symbol.asyncDispose]: () => of.close(),
});
