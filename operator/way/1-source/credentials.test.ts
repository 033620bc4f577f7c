/** What is read from a Secret, and what Git gets to see of it. */
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { lend, readCredentials } from './credentials.ts';
import { parseRemote } from './git-url.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "plumbline-it's-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const https = parseRemote('https://git.example/x.git');
const ssh = parseRemote('ssh://git@git.example/x.git');
const secret = (entries: Record<string, string>): Record<string, string> =>
  Object.fromEntries(Object.entries(entries).map(([name, text]) => [name, Buffer.from(text).toString('base64')]));

test.each([
  ['a user without password', https, { username: 'ada' }, 'no entry "password"'],
  ['nothing for https', https, { other: 'x' }, 'no entry "bearerToken", found other'],
  ['no key for ssh', ssh, { known_hosts: 'x' }, 'no entry "identity"'],
  ['no hosts for ssh', ssh, { identity: 'x' }, 'no entry "known_hosts"'],
])('%s is said by name', (_, remote, entries, words) => {
  expect(() => readCredentials(secret(entries), remote, 'Secret a/b')).toThrow(words);
});

test('a CA bundle alone is enough for https', () => {
  expect(readCredentials(secret({ 'ca.crt': 'PEM' }), https, 'Secret a/b')).toEqual({ caBundle: 'PEM' });
});

test('files are for this account only, and gone afterwards', async () => {
  const lent = await lend(folder, ssh, { identity: 'KEY', knownHosts: 'git.example ssh-ed25519 AAAA' });
  for (const name of readdirSync(lent.home)) expect(statSync(join(lent.home, name)).mode & 0o777).toBe(0o600);
  expect(statSync(lent.home).mode & 0o777).toBe(0o700);
  expect(lent.sshCommand).toContain("'StrictHostKeyChecking=yes'");
  expect(lent.sshCommand).toContain("it'\\''s");
  expect(lent.config).toEqual([]);
  await lent[Symbol.asyncDispose]();
  expect(readdirSync(folder)).toEqual([]);
});

test('an authorization is bound to the host of the source', async () => {
  await using lent = await lend(folder, https, { bearerToken: 'abcd', caBundle: 'PEM' });
  expect(lent.config).toEqual([
    ['http.https://git.example/.extraHeader', 'Authorization: Bearer abcd'],
    ['http.https://git.example/.followRedirects', 'false'],
    ['http.https://git.example/.sslCAInfo', join(lent.home, 'ca.crt')],
  ]);
});

test('without an identity, ssh takes none from the account that the operator runs as', async () => {
  await using lent = await lend(folder, https, {});
  expect(lent.sshCommand).toMatch(/'IdentityFile="none"'/);
  expect(lent.sshCommand).toContain(`'UserKnownHostsFile="/dev/null"'`);
});

test.each([
  '--upload-pack=x',
  'ext::sh -c id',
  'git://host/x',
  'ssh://-oProxyCommand=id/x',
  '/srv/x',
  'ftp://host/x',
  '',
])('the address %s is refused', (url) => {
  expect(() => parseRemote(url)).toThrow(expect.objectContaining({ reason: 'SourceInvalid' }));
});

test('the short form of an ssh address is taken as it is', () => {
  expect(parseRemote('git@git.example:org/x.git')).toEqual({
    url: 'git@git.example:org/x.git',
    protocol: 'ssh',
    origin: 'ssh://git.example',
  });
});
