import { rm } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { createLog, systemClock } from '#runtime';
import { createStateStore, type StateOptions, type StateSession, type StateStore } from '#state';
import { temporaryFolder, toolPaths } from '#toolchain';
import { cluster, testNamespace, type TestCluster } from '#testing';
import { deployment, PulumiDesk, urnOf } from '../support/pulumi.ts';

let server: TestCluster;
let stack: { namespace: string; name: string };
let folder: string;
let program: string;
const { signal } = new AbortController();

beforeAll(async () => {
  server = await cluster();
  ({ pulumi: program } = await toolPaths(['pulumi']));
}, 60_000);
afterAll(async () => server[Symbol.asyncDispose]());
beforeEach(async () => {
  stack = { namespace: await testNamespace(server), name: 'shop' };
  folder = await temporaryFolder('state');
});

function storeOf(identity = 'first', at = folder): StateStore {
  const log = createLog({ level: 'error', clock: systemClock });
  const pulumi = { program, environment: { PATH: process.env['PATH'] ?? '' } };
  return createStateStore({ transport: server.transport, clock: systemClock, log, identity, folder: at, pulumi });
}

const optionsOf = (options: Partial<StateOptions>): StateOptions => ({
  backend: undefined,
  pulumiStack: 'organization/shop/dev',
  signal,
  ...options,
});

const open = (options: Partial<StateOptions> = {}, identity?: string, at?: string): Promise<StateSession> =>
  storeOf(identity, at).open(stack, optionsOf(options));

/** The URNs that somebody reads who has neither the lock nor the disk. */
const readElsewhere = async (options: Partial<StateOptions> = {}): Promise<string[]> =>
  (await storeOf('third', join(folder, 'nowhere')).read(stack, optionsOf(options))).map(({ urn }) => urn);

const secret = (name: string, data: Record<string, string>): Promise<unknown> =>
  server.apply(
    JSON.stringify({
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name, namespace: stack.namespace },
      stringData: data,
    }),
  );

test('what the real pulumi writes into the backend of the cluster, it finds again on another node', async () => {
  const desk = await PulumiDesk.create();
  expect(await readElsewhere()).toEqual([]);
  {
    await using session = await open();
    await desk.run(session.backend, ['stack', 'init', 'dev']);
    await desk.run(session.backend, ['stack', 'tag', 'set', 'team', 'shop']);
    const exported = await desk.run(session.backend, ['stack', 'export']);
    await desk.run(session.backend, ['stack', 'import'], deployment(exported, 3));
  }
  await rm(folder, { recursive: true });
  {
    await using session = await open({}, 'second', join(folder, 'elsewhere'));
    expect((await session.resources()).map(({ urn }) => urn)).toEqual([0, 1, 2].map(urnOf));
    expect(await desk.run(session.backend, ['stack', 'tag', 'get', 'team', '-s', 'dev'])).toBe('shop\n');
    expect(await readElsewhere()).toEqual([0, 1, 2].map(urnOf));
  }
  // The same passphrase opens it; another one is said to be wrong before a run begins.
  await secret('other', { word: 'open sesame' });
  const where = `Secret/${stack.namespace}/other`;
  await expect(open({ passphrase: { name: 'other', key: 'word' } })).rejects.toMatchObject({
    reason: 'PassphraseWrong',
    message: `${where}: the passphrase does not open the secrets of the state; put the passphrase there that the state was written with`,
  });
  await expect(open({ passphrase: { name: 'other', key: 'phrase' } })).rejects.toMatchObject({
    reason: 'SecretNotFound',
  });
  await server.delete('v1', 'Secret', 'shop-pulumi', stack.namespace);
  await expect(open()).rejects.toMatchObject({
    reason: 'SecretNotFound',
    message: `Secret/${stack.namespace}/shop-pulumi: the Secret with the passphrase of the state is gone; restore it: without it the state cannot be opened`,
  });
}, 60_000);

test('a backend on a volume is passed on, read by the engine, and freed of the locks of a run that died', async () => {
  const desk = await PulumiDesk.create();
  const backend = `file://${await temporaryFolder('volume')}`;
  {
    await using session = await open({ backend });
    expect(session.backend.url).toBe(backend);
    expect(await session.resources()).toEqual([]);
    await desk.run(session.backend, ['stack', 'init', 'dev']);
    const exported = await desk.run(session.backend, ['stack', 'export']);
    await desk.run(session.backend, ['stack', 'import'], deployment(exported, 2));
    expect((await session.resources()).map(({ urn }) => urn)).toEqual([0, 1].map(urnOf));
    expect(await readElsewhere({ backend })).toEqual([0, 1].map(urnOf));
    await desk.leaveLock(backend, 'organization/shop/dev', hostname());
    await desk.leaveLock(backend, 'organization/shop/dev', 'somebody-at-a-desk');
  }
  await using session = await open({ backend });
  const exported = await desk.run(session.backend, ['stack', 'export']);
  const refused = desk.run(session.backend, ['stack', 'import'], exported);
  await expect(refused).rejects.toThrow(/locked by 1 lock\(s\)[^]*root@somebody-at-a-desk/);
}, 60_000);

test('a lock of an engine that died is taken away when it is in the way of the next, that of somebody at a desk is not', async () => {
  const desk = await PulumiDesk.create();
  const backend = `file://${await temporaryFolder('volume')}`;
  await using session = await open({ backend });
  await desk.run(session.backend, ['stack', 'init', 'dev']);
  const exported = await desk.run(session.backend, ['stack', 'export']);
  const words = (): Promise<string> =>
    desk.run(session.backend, ['stack', 'import'], exported).then(
      () => 'done',
      (error: unknown) => String(error),
    );
  await desk.leaveLock(backend, 'organization/shop/dev', hostname());
  const complaint = await words();
  expect(complaint).toContain('currently locked by 1 lock(s)');
  expect(await session.freesDead?.(complaint)).toBe(true);
  expect(await words()).toBe('done');
  await desk.leaveLock(backend, 'organization/shop/dev', hostname());
  await desk.leaveLock(backend, 'organization/shop/dev', 'somebody-at-a-desk');
  const both = await words();
  expect(both).toContain('currently locked by 2 lock(s)');
  expect(await session.freesDead?.(both)).toBe(false);
  expect(await words()).toBe(both);
}, 60_000);

test('what the engine says of a backend that does not answer is one sentence, without the password', async () => {
  const backend = 'postgres://ada:sesame-7731@127.0.0.1:1/states?sslmode=disable';
  await expect(open({ backend })).rejects.toMatchObject({
    reason: 'BackendFailed',
    message:
      'postgres://ada:***@127.0.0.1:1/states?sslmode=disable: unable to open state database: failed to ping PostgreSQL: dial tcp 127.0.0.1:1: connect: connection refused; correct spec.pulumi.backend, or the credentials in spec.pulumi.env and envFrom',
  });
});

test.each([
  [{ backend: 'ftp://somewhere' }, /expected cluster, or a URL that begins with file:\/\/, .* found ftp:\/\/somewhere/],
  [{ secretsProvider: 'vault' }, /expected passphrase, or a URL that begins with awskms:\/\/, .* found vault/],
])('%j is refused', async (options, sentence) => {
  await expect(open(options)).rejects.toMatchObject({
    reason: 'BackendInvalid',
    message: expect.stringMatching(sentence),
  });
});
