/** Logging in to real servers with what a Secret of the API server holds, and what is said when it does not fit. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { createAuthority, createSshKey, startSshServer, type SshServer } from '#toolchain';
import {
  configMap,
  Platform,
  startRepository,
  startTestOperator,
  TestSource,
  until,
  type TestOperator,
  type TestRepository,
} from '#testing';

const authority = createAuthority('Git of the tests');
let operator: TestOperator;
let ssh: SshServer;
let https: TestRepository;
beforeAll(async () => {
  ssh = await startSshServer();
  https = await startRepository(authority.issue('git', ['127.0.0.1']));
  await https.repository.commit({ 'app/a.yaml': configMap('a') });
  operator = await startTestOperator();
}, 120_000);
afterAll(async () => {
  await operator[Symbol.asyncDispose]();
  await https[Symbol.asyncDispose]();
  await ssh[Symbol.asyncDispose]();
});

interface Login {
  readonly platform: Platform;
  readonly source: TestSource;
}

async function login(): Promise<Login & AsyncDisposable> {
  const platform = await Platform.create({ 'app/a.yaml': configMap('a') });
  const source = new TestSource(platform);
  return { platform, source, [Symbol.asyncDispose]: () => platform[Symbol.asyncDispose]() };
}

test('ssh: the right key and host key fetch; a wrong one of either gets its sentence, and the right Secret mends it by itself', async () => {
  await using at = await login();
  const { platform, source } = at;
  const { repository } = platform.git;
  const stranger = await createSshKey();
  const [host = ''] = ssh.knownHosts.split(' ');
  const right = { identity: ssh.key.privateKey, known_hosts: ssh.knownHosts };
  const url = `${ssh.url}${repository.folder}`;
  await source.secret('ssh', { ...right, known_hosts: `${host} ${stranger.publicKey}\n` });
  await source.write('secretRef: {name: ssh}', url);
  expect(await source.fails('GitHostKeyRejected')).toMatch(
    /^ssh:.*the host key of the server is not in known_hosts.*; put the host key of the server into the known_hosts entry/,
  );
  await source.secret('ssh', { ...right, identity: stranger.privateKey });
  expect(await source.fails('GitAuthFailed')).toMatch(
    /the server refused the key.*; put a key that may read the repository into the identity entry/,
  );
  await source.secret('ssh', right);
  const first = await source.at(await repository.git('rev-parse', 'HEAD'));
  expect(first.status?.artifact?.subject).toBe('Start');
  await platform.stack('app');
  await platform.applied('app', await platform.commit({ 'app/a.yaml': configMap('a', '2') }));
  expect(await operator.log()).not.toContain('PRIVATE KEY');
});

test.each([
  {
    name: 'a user and password',
    wants: { username: 'ada', password: 'right-word' },
    right: { username: 'ada', password: 'right-word' },
    wrong: { username: 'ada', password: 'wrong-word' },
  },
  {
    name: 'a bearer token',
    wants: { bearerToken: 'right-token' },
    right: { bearerToken: 'right-token' },
    wrong: { bearerToken: 'wrong-token' },
  },
])('https: $name of a Secret opens the door, a wrong one is refused and not shown', async ({ wants, right, wrong }) => {
  await using at = await login();
  const { source } = at;
  https.server.credentials = wants;
  const ca = { 'ca.crt': authority.certificate };
  await source.secret('git', { ...ca, ...wrong });
  await source.write('secretRef: {name: git}', https.url);
  const message = await source.fails('GitAuthFailed');
  expect(message).toContain('the server refused the credentials');
  await source.secret('git', { ...ca, ...right });
  await source.at(await https.repository.git('rev-parse', 'HEAD'));
  https.server.credentials = undefined;
  expect(message + (await operator.log())).not.toMatch(/(right|wrong)-(word|token)/);
});

test.each([
  { name: 'the CA of another server', bundle: createAuthority('Another').certificate },
  { name: 'a bundle that is none', bundle: 'not a certificate' },
])('https: $name is told, and the right bundle mends it by itself', async ({ bundle }) => {
  await using at = await login();
  const { source } = at;
  await source.secret('git', { 'ca.crt': bundle });
  await source.write('secretRef: {name: git}', https.url);
  expect(await source.fails('GitUnreachable')).toMatch(
    /^https:.*the TLS connection failed.*; put the CA bundle of the server into the ca\.crt entry of the Secret/,
  );
  await source.secret('git', { 'ca.crt': authority.certificate });
  await source.at(await https.repository.git('rev-parse', 'HEAD'));
});

test('a Secret that comes later, changes or goes is heard of at once, and no other Secret is looked at', async () => {
  await using at = await login();
  const { platform, source } = at;
  const { repository, server } = platform.git;
  const { cluster, namespace } = platform;
  await source.write('secretRef: {name: git}');
  await source.fails('SecretNotFound');
  server.credentials = { username: 'ada', password: 'first-word' };
  await source.secret('git', { username: 'ada', password: 'first-word' });
  await source.at(await repository.git('rev-parse', 'HEAD'));
  server.credentials = { username: 'ada', password: 'second-word' };
  const rotated = await repository.commit({}, 'While the password was changed');
  await source.secret('git', { username: 'ada', password: 'second-word' });
  await source.at(rotated);
  await cluster.delete('v1', 'Secret', 'git', namespace);
  await source.fails('SecretNotFound');
  expect((await source.get())?.status?.artifact?.commit).toBe(rotated);
  await source.secret('git', { username: 'ada', password: 'second-word' });
  await source.at(rotated);
  await source.secret('other', { some: 'thing' });
  const asked = (await operator.requests()).filter((request) => /secrets/.test(request));
  const expected = `/api/v1/namespaces/${namespace}/secrets`;
  const here = asked.filter((request) => request.includes(namespace)).map((request) => request.split(' ')[1]);
  expect(new Set(here)).toEqual(new Set([expected, `${expected}/git`]));
  expect(asked.filter((request) => request.includes('/api/v1/secrets'))).toEqual([]);
});

test('a poll with credentials that finds nothing asks the API server nothing', async () => {
  await using at = await login();
  const { platform, source } = at;
  const { server, repository } = platform.git;
  server.credentials = { username: 'ada', password: 'some-word' };
  await source.secret('git', { username: 'ada', password: 'some-word' });
  await source.write('secretRef: {name: git}, interval: 300ms');
  await source.at(await repository.git('rev-parse', 'HEAD'));
  const { namespace } = platform;
  const ours = async (): Promise<number> =>
    (await operator.requests()).filter((request) => request.includes(namespace)).length;
  const polled = async (times: number): Promise<unknown> => {
    const from = server.requests;
    return until(`${times} polls`, () => Promise.resolve(server.requests - from >= times ? true : undefined));
  };
  await polled(3);
  const before = await ours();
  await polled(6);
  expect(await ours()).toBe(before);
});
