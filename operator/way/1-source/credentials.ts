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

function lacks({ username, password, bearerToken, identity, knownHosts, caBundle }: Credentials, { protocol }: Remote): string | undefined {
  if (protocol === 'ssh') return identity === undefined ? 'identity' : knownHosts === undefined ? 'known_hosts' : undefined;
  if (username !== undefined && password === undefined) return 'password';
  return bearerToken ?? password ?? caBundle ?? (protocol === 'file' ? '' : undefined) ?? undefined === undefined ? undefined : 'bearerToken';
}
