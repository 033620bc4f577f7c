/** Which backends and key services Pulumi knows. Pure. */
import { failure } from '#runtime';

const backends = ['file', 's3', 'gs', 'azblob', 'postgres'];
const keyServices = ['awskms', 'azurekeyvault', 'gcpkms', 'hashivault'];

/** @throws Failure BackendInvalid */
export function assertBackend(where: string, url: string): void {
  if (backends.includes(schemeOf(url))) return;
  const expected = `cluster, or a URL that begins with ${backends.join('://, ')}://`;
  throw failure('BackendInvalid', { where, what: 'the backend', expected, found: url });
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
