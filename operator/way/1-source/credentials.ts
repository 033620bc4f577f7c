/** Credentials of a source: read from a Secret's entries, and lent to Git for one run without showing on a command line. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { failure } from '#runtime';
import type { Remote } from './git-url.ts';

export interface Credentials {
  readonly username?: string;
  readonly password?: string;
  readonly bearerToken?: string;
  /** Private SSH key. */
  readonly identity?: string;
  readonly knownHosts?: string;
  /** PEM bundle that the server's certificate is checked against. */
  readonly caBundle?: string;
}

/** Names of the Secret's entries, the usual one first (those of Flux are understood too). */
const entries = {
  username: ['username'],
  password: ['password'],
  bearerToken: ['bearerToken', 'token'],
  identity: ['identity', 'ssh-privatekey'],
  knownHosts: ['known_hosts'],
  caBundle: ['ca.crt', 'caFile'],
} as const satisfies Record<keyof Credentials, readonly string[]>;

/**
 * Reads the `data` (base64) of a Secret.
 * @throws Failure SecretNotFound naming the entry that the protocol needs and the Secret lacks
 */
export function readCredentials(data: Readonly<Record<string, string>>, remote: Remote, where: string): Credentials {
  const read = (names: readonly string[]): string | undefined => {
    const found = names.find((name) => data[name] !== undefined);
    return found === undefined ? undefined : Buffer.from(data[found] ?? '', 'base64').toString();
  };
  const pairs = Object.entries(entries).map(([key, names]) => [key, read(names)] as const);
  const credentials: Credentials = Object.fromEntries(pairs.filter(([, value]) => value !== undefined && value !== ''));
  const lacking = lacks(credentials, remote);
  if (lacking === undefined) return credentials;
  throw failure('SecretNotFound', {
    where,
    what: `the Secret has no entry "${lacking}"`,
    found: Object.keys(data).sort().join(', ') || 'no entry at all',
    remedy: `add it; ${remote.protocol} needs ${remote.protocol === 'ssh' ? 'identity and known_hosts' : 'username and password, or bearerToken'}`,
  });
}

function lacks(
  { username, password, bearerToken, identity, knownHosts, caBundle }: Credentials,
  { protocol }: Remote,
): string | undefined {
  if (protocol === 'ssh')
    return identity === undefined ? 'identity' : knownHosts === undefined ? 'known_hosts' : undefined;
  if (username !== undefined && password === undefined) return 'password';
  const usable = bearerToken ?? password ?? caBundle;
  return usable === undefined && protocol !== 'file' ? 'bearerToken' : undefined;
}

/** What Git is given for one run. */
export interface Lent extends AsyncDisposable {
  /** An empty folder, HOME of the run. */
  readonly home: string;
  readonly config: readonly (readonly [key: string, value: string])[];
  readonly sshCommand: string;
  /** Texts that must not appear in a message. */
  readonly secrets: readonly string[];
}

/** Puts the credentials where only this process and its git see them: files of mode 0600, and the environment. */
export async function lend(folder: string, remote: Remote, given: Credentials): Promise<Lent> {
  const home = await mkdtemp(join(folder, 'home-'));
  await using made = new AsyncDisposableStack();
  made.defer(() => rm(home, { recursive: true, force: true }));
  const { bearerToken, identity, knownHosts, caBundle } = given;
  const { username = '', password } = given.password === undefined ? remote : given;
  const write = async (name: string, text: string): Promise<string> => {
    const file = join(home, name);
    await writeFile(file, text.endsWith('\n') ? text : `${text}\n`, { mode: 0o600 });
    return file;
  };
  const config: [string, string][] = [];
  const basic = password === undefined ? undefined : Buffer.from(`${username}:${password}`).toString('base64');
  const authorization = bearerToken === undefined ? basic && `Basic ${basic}` : `Bearer ${bearerToken}`;
  if (remote.protocol.startsWith('http')) {
    if (authorization) {
      config.push([`http.${remote.origin}/.extraHeader`, `Authorization: ${authorization}`]);
      // Git would send the header on to wherever the server points.
      config.push([`http.${remote.origin}/.followRedirects`, 'false']);
    }
    if (caBundle !== undefined) config.push([`http.${remote.origin}/.sslCAInfo`, await write('ca.crt', caBundle)]);
  }
  // Always ours: without it, ssh would take keys and hosts from the account that the operator runs as.
  const command = sshCommand(
    identity && (await write('identity', identity)),
    knownHosts && (await write('known_hosts', knownHosts)),
  );
  const lent = made.move();
  return {
    home,
    config,
    sshCommand: command,
    secrets: [bearerToken, password, basic].filter((secret) => secret !== undefined),
    [Symbol.asyncDispose]: () => lent.disposeAsync(),
  };
}

function sshCommand(identity = 'none', knownHosts = '/dev/null'): string {
  const options = [
    'BatchMode=yes',
    'StrictHostKeyChecking=yes',
    'GlobalKnownHostsFile=/dev/null',
    `UserKnownHostsFile="${knownHosts}"`,
    'IdentitiesOnly=yes',
    'IdentityAgent=none',
    `IdentityFile="${identity}"`,
    'ForwardAgent=no',
    'ConnectTimeout=30',
  ];
  return ['ssh', '-F', '/dev/null', ...options.flatMap((option) => ['-o', option])].map(quote).join(' ');
}

/** Git hands the command to a shell. */
const quote = (word: string): string => `'${word.replaceAll("'", `'\\''`)}'`;
