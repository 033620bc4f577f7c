/** Which backends and key services Pulumi knows. Pure. */
import { failure } from '#runtime';

const backends = ['file', 's3', 'gs', 'azblob', 'postgres'];
const keyServices = ['awskms', 'azurekeyvault', 'gcpkms', 'hashivault'];

/** @throws Failure BackendInvalid */
export function assertBackend(where: string, url: string): void {
  const found = withoutPassword(url);
  if (!backends.includes(schemeOf(url))) {
    const expected = `cluster, or a URL that begins with ${backends.join('://, ')}://`;
    throw failure('BackendInvalid', { where, what: 'the backend', expected, found });
  }
  // The engine takes what it cannot read for a server of Pulumi Cloud, and complains of a missing token.
  if (URL.canParse(url) && !/%(?![0-9a-f]{2})/i.test(url)) return;
  const remedy = 'write @, / and % of a name or password as %40, %2F and %25';
  throw failure('BackendInvalid', { where, what: 'the backend is no URL', found, remedy });
}

/** From the first colon to the last @: a password in which these are not escaped goes as a whole, too. */
const password = /(?<=^[a-z0-9]+:\/\/[^/@:?]*:)[^?]*(?=@)|(?<=[?&]password=)[^&]*/g;

/** `postgres://user:***@host/name` */
export const withoutPassword = (url: string): string => url.replace(password, '***');

/** The password of a URL in the writings in which the engine may tell it; none when it has none. */
export function passwordsIn(url: string): string[] {
  const found = [...url.matchAll(password)].map(([text]) => text).filter((text) => text !== '');
  return [...new Set(found.flatMap((text) => [text, ...text.split(/[@/]/), ...decoded(text)]))];
}

function decoded(text: string): string[] {
  return /%(?![0-9a-f]{2})/i.test(text) ? [] : [decodeURIComponent(text)];
}

/** @throws Failure BackendInvalid */
export function assertSecretsProvider(where: string, provider = 'passphrase'): void {
  if (provider === 'passphrase' || keyServices.includes(schemeOf(provider))) return;
  const expected = `passphrase, or a URL that begins with ${keyServices.join('://, ')}://`;
  throw failure('BackendInvalid', { where, what: 'the secrets provider', expected, found: provider });
}

/**
 * `organization/project/stack`: a backend may hold stacks of several projects under one name.
 * @throws Failure BackendInvalid
 */
export function fullName(where: string, stack: string, project: string | undefined): string {
  const name = stack.split('/').at(-1) ?? stack;
  const between = project ?? (stack.split('/').length === 3 ? stack.split('/')[1] : undefined);
  if (between !== undefined) return `organization/${between}/${name}`;
  const what = 'a backend by URL may hold stacks of several projects';
  throw failure('BackendInvalid', {
    where,
    what,
    remedy: `set spec.pulumi.project, or stack: organization/<project>/${name}`,
  });
}

const schemeOf = (url: string): string => /^([a-z0-9]+):\/\//.exec(url)?.[1] ?? '';
