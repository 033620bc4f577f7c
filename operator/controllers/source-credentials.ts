/** Credentials of the sources: each Secret is read when it is new, and its changes are heard of. */
import type { GitSource } from '#api';
import { apiFailure, getObject, type Discovery, type KubeObject, type Resource, type Transport } from '#kube';
import { failure, type Clock, type Log } from '#runtime';
import { parseRemote, readCredentials, type Credentials } from '#source';
import type { ReconcileContext } from '#loop';
import { SecretWatches } from './secret-watches.ts';

/** What a Secret is read with. */
export interface SecretAccess {
  readonly transport: Transport;
  readonly discovery: Discovery;
}

export interface SourceCredentialsOptions extends SecretAccess {
  readonly clock: Clock;
  readonly log: Log;
  /** Told of a source whose Secret came, changed or went. */
  readonly changed: (source: string) => void;
}

/** What was read for one source. */
interface Kept {
  readonly generation: number | undefined;
  readonly secret: string;
  /** resourceVersion; undefined when the Secret did not exist. */
  readonly version: string | undefined;
  readonly readMs: number;
  readonly credentials: Credentials | undefined;
}

type Secret = KubeObject & { readonly data?: Readonly<Record<string, string>> };

/** Where the Secret cannot be watched, it is read again after so long. */
const longestUnwatchedMs = 10 * 60_000;

export class SourceCredentials implements AsyncDisposable {
  readonly #options: SourceCredentialsOptions;
  readonly #kept = new Map<string, Kept>();
  readonly #watches: SecretWatches;

  constructor(options: SourceCredentialsOptions) {
    this.#options = options;
    this.#watches = new SecretWatches({ ...options, changed: (source, version) => this.#heard(source, version) });
  }

  /**
   * Asks the API server only when the source or its Secret has changed.
   * @throws Failure SecretNotFound, Forbidden
   */
  async of(source: GitSource, { key, signal }: ReconcileContext): Promise<Credentials | undefined> {
    const { spec, metadata } = source;
    if (spec.secretRef === undefined) {
      this.release(key);
      return undefined;
    }
    const { namespace, name } = secretOf(source);
    const kept = this.#kept.get(key);
    if (kept?.generation === metadata.generation && this.#isCurrent(kept)) return kept?.credentials;
    const resource = await secretsOf(this.#options);
    const secret = await readSecret(source, resource, this.#options, signal);
    const read = {
      generation: metadata.generation,
      secret: `${namespace}/${name}`,
      version: secret?.metadata.resourceVersion,
      readMs: this.#options.clock.now(),
    };
    // Before the watch opens, which tells of every other version than this.
    this.#kept.set(key, { ...read, credentials: undefined });
    this.#watches.follow(key, { resource, namespace, name });
    const credentials = credentialsIn(secret, source);
    this.#kept.set(key, { ...read, credentials });
    return credentials;
  }

  /** After a failure: what is not watched is read again. */
  doubt(source: string): void {
    const kept = this.#kept.get(source);
    if (kept !== undefined && this.#watches.version(kept.secret) === undefined) this.#kept.delete(source);
  }

  /** The source is gone, or names no Secret any more. */
  release(source: string): void {
    this.#kept.delete(source);
    this.#watches.release(source);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#watches[Symbol.asyncDispose]();
  }

  #isCurrent(kept: Kept | undefined): boolean {
    if (kept?.credentials === undefined) return false;
    const { secret, version, readMs } = kept;
    const seen = this.#watches.version(secret);
    return seen === undefined ? this.#options.clock.now() - readMs < longestUnwatchedMs : seen === version;
  }

  #heard(source: string, version: string | undefined): void {
    const kept = this.#kept.get(source);
    if (kept !== undefined && kept.version !== version) this.#options.changed(source);
  }
}

/** The credentials as the Secret has them now. @throws Failure SecretNotFound, Forbidden */
export async function readCredentialsOf(
  source: GitSource,
  access: SecretAccess,
  signal: AbortSignal,
): Promise<Credentials | undefined> {
  if (source.spec.secretRef === undefined) return undefined;
  return credentialsIn(await readSecret(source, await secretsOf(access), access, signal), source);
}

const secretOf = ({ metadata, spec }: GitSource): { namespace: string; name: string } => ({
  namespace: metadata.namespace ?? '',
  name: spec.secretRef?.name ?? '',
});

async function secretsOf({ discovery }: SecretAccess): Promise<Resource> {
  const resource = await discovery.resource({ group: '', kind: 'Secret' }).catch((error: unknown) => {
    throw apiFailure(error, { verb: 'discover' });
  });
  if (resource !== undefined) return resource;
  throw failure('UnknownKind', { what: 'the API server does not serve Secrets' });
}

async function readSecret(
  source: GitSource,
  resource: Resource,
  { transport }: SecretAccess,
  signal: AbortSignal,
): Promise<Secret | undefined> {
  const { namespace, name } = secretOf(source);
  try {
    return await getObject<Secret>({ transport, resource, name, namespace, signal });
  } catch (error) {
    throw apiFailure(error, { verb: 'get', key: `Secret/${namespace}/${name}` });
  }
}

/** @throws Failure SecretNotFound */
function credentialsIn(secret: Secret | undefined, source: GitSource): Credentials {
  const { namespace, name } = secretOf(source);
  const where = `Secret ${namespace}/${name}`;
  if (secret !== undefined) return readCredentials(secret.data ?? {}, parseRemote(source.spec.url), where);
  const remedy = 'create it in the namespace of the source, or correct spec.secretRef';
  throw failure('SecretNotFound', { where, what: 'the Secret does not exist', remedy });
}
