/** The address of a repository as it may be handed to Git: a known protocol, no option in disguise, no password inside. */
import { failure } from '#runtime';

export type Protocol = 'http' | 'https' | 'ssh' | 'file';

export interface Remote {
  /** Without password; only ssh keeps the user, which is part of the address there. */
  readonly url: string;
  readonly protocol: Protocol;
  /** Protocol and host: credentials go nowhere else. */
  readonly origin: string;
  /** Credentials that were written into the address. */
  readonly username?: string;
  readonly password?: string;
}

export const protocols: readonly Protocol[] = ['http', 'https', 'ssh', 'file'];

/** @throws Failure SourceInvalid when Git must not be given this address. */
export function parseRemote(text: string, where = 'spec.url'): Remote {
  const short = /^([A-Za-z0-9_.]+)@([^:/@\s]+):(.+)$/.exec(text);
  if (short !== null) {
    const [, user = '', host = '', path = ''] = short;
    assertPlain(host, user, where);
    return { url: `${user}@${host}:${path}`, protocol: 'ssh', origin: `ssh://${host}` };
  }
  const url = text.startsWith('-') ? null : URL.parse(text);
  const protocol = protocols.find((name) => url?.protocol === `${name}:`);
  if (url === null || protocol === undefined) {
    throw failure('SourceInvalid', {
      where,
      what: 'the address cannot be used',
      expected: 'https://, http://, ssh://, file:// or user@host:path',
      found: maskUrls(text),
    });
  }
  const username = decodeURIComponent(url.username);
  const password = decodeURIComponent(url.password);
  if (protocol === 'ssh') assertPlain(url.hostname, username, where);
  url.password = '';
  if (protocol !== 'ssh') url.username = '';
  const origin = `${url.protocol}//${url.host}`;
  const secrets = protocol === 'ssh' || password === '' ? {} : { username, password };
  return { url: url.href, protocol, origin, ...secrets };
}

/** ssh takes a host or user that begins with a dash for an option (CVE-2017-1000117). */
function assertPlain(host: string, user: string, where: string): void {
  if (!host.startsWith('-') && !user.startsWith('-')) return;
  throw failure('SourceInvalid', { where, what: 'host and user of an ssh address must not begin with "-"' });
}

/** The text with user and password of every address in it replaced. */
export function maskUrls(text: string): string {
  return text.replaceAll(/([a-z][a-z0-9+.-]*:\/\/)([^/\s@']*:[^/\s@']*|[^/\s@':]{20,})@/gi, '$1***@');
}

/** Whether two addresses name one repository, whatever the protocol, the user and the ending: people clone by ssh what the cluster fetches by https. */
export const isSameRepository = (a: string, b: string): boolean => placeOf(a) === placeOf(b);

function placeOf(address: string): string {
  const short = /^(?:[^@/\s]+@)?([^:/\s]+):(?!\/\/)(.+)$/.exec(address);
  const url = URL.parse(short === null ? address : `ssh://${short[1]}/${short[2]}`);
  const path = (url?.pathname ?? address).replace(/\/+$/, '').replace(/\/?\.git$/, '');
  // The port of an ssh server says nothing of the repository; that of an http server tells servers apart.
  const host = url?.protocol === 'ssh:' ? url.hostname : (url?.host ?? '');
  return `${host.toLowerCase()}${path}`;
}
