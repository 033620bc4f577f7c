/** Fetching over HTTP from Git's own backend: credentials, and servers that misbehave. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { createLog, systemClock } from '#runtime';
import type { Credentials } from './credentials.ts';
import { HttpRepository } from './http-repository.ts';
import { RevisionStore, type Fetched } from './revision-store.ts';
import { specOf, TestRepository } from './testing-repository.ts';

const log = createLog({ level: 'error', clock: systemClock });
const basic = `Basic ${Buffer.from('ada:s3cret-word').toString('base64')}`;
let folder: string;
let repository: TestRepository;
let server: HttpRepository;
let store: RevisionStore;
let calls: (readonly string[])[];

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'plumbline-store-'));
  repository = new TestRepository();
  server = await new HttpRepository(repository.folder).start();
  calls = [];
  store = new RevisionStore({ folder, clock: systemClock, log, onGit: (args) => calls.push(args) });
  repository.commit({ a: '1' });
});

afterEach(async () => {
  await server[Symbol.asyncDispose]();
  repository[Symbol.dispose]();
  rmSync(folder, { recursive: true, force: true });
});

const gitUrl = (): string => `${server.url}/.git`;

const textOnDisk = (): string =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => readFileSync(join(entry.parentPath, entry.name), 'latin1'))
    .join('\n');

const fetch = (credentials?: Credentials, more: Parameters<typeof specOf>[1] = {}): Promise<Fetched> =>
  store.fetchRevision({ key: 'shop/platform', spec: specOf(gitUrl(), more), credentials });

test('a repository is fetched over http, and followed', async () => {
  await fetch();
  const commit = repository.commit({ a: '2' });
  expect((await fetch()).revision.commit).toBe(commit);
  calls = [];
  await fetch();
  expect(calls).toHaveLength(1);
});

test.each([
  ['a user and password', basic, { username: 'ada', password: 's3cret-word' }],
  ['a token', 'Bearer t0ken-of-ada', { bearerToken: 't0ken-of-ada' }],
])('%s opens the door, and never shows on a command line', async (_, authorization, credentials) => {
  server.behaviour.authorization = authorization;
  await fetch(credentials);
  expect(JSON.stringify(calls)).not.toMatch(/s3cret|t0ken|YWRh/);
  expect(readdirSync(join(folder, 'homes'))).toEqual([]);
  expect(textOnDisk()).not.toMatch(/s3cret|t0ken|YWRh/);
});

test('credentials in the address are used, and masked', async () => {
  server.behaviour.authorization = basic;
  const url = gitUrl().replace('://', '://ada:s3cret-word@');
  const spec = specOf(url);
  expect((await store.fetchRevision({ key: 'shop/platform', spec })).revision.subject).toBe('change');
  expect(JSON.stringify(calls) + textOnDisk()).not.toContain('s3cret');
  server.behaviour.authorization = 'other';
  await expect(store.fetchRevision({ key: 'shop/platform', spec })).rejects.toMatchObject({
    reason: 'GitAuthFailed',
    message: expect.not.stringContaining('s3cret'),
  });
});

test('wrong or no credentials are told apart from a missing repository', async () => {
  server.behaviour.authorization = basic;
  await expect(fetch()).rejects.toMatchObject({ reason: 'GitAuthFailed' });
  await expect(fetch({ username: 'ada', password: 'wrong-word' })).rejects.toMatchObject({
    reason: 'GitAuthFailed',
    message: expect.not.stringContaining('wrong-word'),
  });
  server.behaviour.authorization = 'Bearer x';
  await expect(fetch({ bearerToken: 'wrong-token' })).rejects.toMatchObject({ reason: 'GitAuthFailed' });
});

test.each([
  [403, 'GitAuthFailed'],
  [404, 'GitRepositoryNotFound'],
  [429, 'GitUnreachable'],
  [500, 'GitUnreachable'],
  [503, 'GitUnreachable'],
])('an answer of %d is %s', async (status, reason) => {
  server.behaviour.status = status;
  await expect(fetch()).rejects.toMatchObject({ reason, message: expect.stringContaining(gitUrl()) });
});

test('a server that is not there is unreachable', async () => {
  const spec = specOf('http://127.0.0.1:1/x.git');
  await expect(store.fetchRevision({ key: 'a/b', spec })).rejects.toMatchObject({ reason: 'GitUnreachable' });
});

test('a proxy of the environment is asked, unless no_proxy names the host', async () => {
  const asked: string[] = [];
  const proxy = createServer((request, response) => {
    asked.push(request.url ?? '');
    response.writeHead(503).end();
  });
  await once(proxy.listen(0, '127.0.0.1'), 'listening');
  const { port } = proxy.address() as AddressInfo;
  const through = (more: Record<string, string>): RevisionStore =>
    new RevisionStore({
      folder,
      clock: systemClock,
      log,
      environment: { PATH: '/usr/local/bin:/usr/bin:/bin', http_proxy: `http://127.0.0.1:${port}`, ...more },
    });
  const spec = specOf(gitUrl());
  await expect(through({}).fetchRevision({ key: 'a/b', spec })).rejects.toMatchObject({ reason: 'GitUnreachable' });
  expect(asked[0]).toContain(`${gitUrl()}/info/refs`);
  const around = await through({ no_proxy: '127.0.0.1' }).fetchRevision({ key: 'a/b', spec });
  expect(around.revision.subject).toBe('change');
  expect(asked).toHaveLength(1);
  proxy.close();
});

test('a server that hangs is given up after spec.timeout, and works again afterwards', async () => {
  server.behaviour.hang = true;
  await expect(fetch(undefined, { timeout: '300ms' })).rejects.toMatchObject({
    reason: 'GitUnreachable',
    message: expect.stringContaining('no answer within 0.3 s'),
  });
  server.behaviour.hang = false;
  expect((await fetch()).revision.subject).toBe('change');
});
