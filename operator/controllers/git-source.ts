/** GitSources: asks the remote at every interval, and puts what it finds up for the stacks. */
import { gitSourceKind, parseDuration, type GitSource } from '#api';
import { apiFailure, getObject, type Discovery, type Transport, type WatchCache } from '#kube';
import { defineController, type ControllerDefinition, type ReconcileContext } from '#loop';
import { asFailure, failure, settled, type Log, type Outcome } from '#runtime';
import {
  parseRemote,
  readCredentials,
  type Credentials,
  type Fetched,
  type Revisions,
  type RevisionStore,
} from '#source';

/** What credentials are read with. */
export interface CredentialSources {
  readonly transport: Transport;
  readonly discovery: Discovery;
}

export interface GitSourceOptions extends CredentialSources {
  readonly store: RevisionStore;
  readonly revisions: Revisions;
  /** Sources asked at once; they wait for the network most of the time. */
  readonly concurrency?: number;
}

const defaultConcurrency = 8;
/** Beyond spec.timeout, which bounds Git alone: for the Secret and the export. */
const graceMs = 30_000;

export function gitSourceController(options: GitSourceOptions): ControllerDefinition<GitSource> {
  const { store, revisions, concurrency = defaultConcurrency } = options;
  const credentials = new CredentialCache(options);

  return defineController<GitSource>({
    kind: gitSourceKind,
    concurrency,
    interval: ({ spec }) => parseDuration(spec.interval),
    timeout: ({ spec }) => parseDuration(spec.timeout) + graceMs,
    reconcile: async (source, context): Promise<Outcome> => {
      const { key, signal } = context;
      await restore(source, key, options);
      if (source.spec.suspend) {
        throw failure('Suspended', { what: 'spec.suspend is true', remedy: 'run `plumbline resume`' });
      }
      try {
        const lent = await credentials.of(source, context);
        const fetched = await store.fetchRevision({ key, spec: source.spec, credentials: lent, signal });
        revisions.set(key, fetched.revision);
        context.report({ artifact: artifactOf(fetched) });
        const { name, author, subject } = fetched.revision;
        return settled('RevisionFetched', `${name} by ${author}: ${subject}`);
      } catch (error) {
        credentials.forget(key);
        throw asFailure(error);
      }
    },
  });
}

/** After a restart the last good revision serves at once, so that a Git server that is down holds nothing up. */
async function restore(source: GitSource, key: string, { store, revisions }: GitSourceOptions): Promise<void> {
  const commit = source.status?.artifact?.commit;
  if (commit === undefined || revisions.current(key) !== undefined) return;
  const fetched = await store.restore({ key, commit });
  if (fetched !== undefined) revisions.set(key, fetched.revision);
}

function artifactOf({ revision, tree, digest }: Fetched): NonNullable<NonNullable<GitSource['status']>['artifact']> {
  const { name, commit, author, committer, subject, time } = revision;
  return { revision: name, commit, tree, digest, author, committer, subject, time };
}

interface Kept {
  readonly generation: number | undefined;
  readonly readMs: number;
  readonly credentials: Credentials;
}

const longestKeptMs = 10 * 60_000;

type CredentialContext = Pick<ReconcileContext, 'key' | 'signal' | 'clock'>;

/** Reads Secrets, and not at every poll: again after a failure, a change of the source, or some minutes. */
export class CredentialCache {
  readonly #options: CredentialSources;
  readonly #kept = new Map<string, Kept>();

  constructor(options: CredentialSources) {
    this.#options = options;
  }

  async of({ spec, metadata }: GitSource, { key, signal, clock }: CredentialContext): Promise<Credentials | undefined> {
    if (spec.secretRef === undefined) return undefined;
    const kept = this.#kept.get(key);
    if (kept?.generation === metadata.generation && clock.now() - (kept?.readMs ?? 0) < longestKeptMs)
      return kept?.credentials;
    const where = `Secret ${metadata.namespace}/${spec.secretRef.name}`;
    const data = await this.#read(metadata.namespace ?? '', spec.secretRef.name, signal);
    if (data === undefined) {
      const remedy = 'create it in the namespace of the source, or correct spec.secretRef';
      throw failure('SecretNotFound', { where, what: 'the Secret does not exist', remedy });
    }
    const credentials = readCredentials(data, parseRemote(spec.url), where);
    this.#kept.set(key, { generation: metadata.generation, readMs: clock.now(), credentials });
    return credentials;
  }

  forget(key: string): void {
    this.#kept.delete(key);
  }

  async #read(
    namespace: string,
    name: string,
    signal: AbortSignal,
  ): Promise<Readonly<Record<string, string>> | undefined> {
    const { transport, discovery } = this.#options;
    try {
      const resource = await discovery.resource({ group: '', kind: 'Secret' });
      if (resource === undefined) throw failure('UnknownKind', { what: 'the API server does not serve Secrets' });
      const secret = await getObject<{ data?: Record<string, string> }>({
        transport,
        resource,
        name,
        namespace,
        signal,
      });
      return secret && (secret.data ?? {});
    } catch (error) {
      throw apiFailure(error, { verb: 'get', key: `Secret/${namespace}/${name}` });
    }
  }
}

/** Takes down what deleted sources left: at once while running, and at the start what was deleted meanwhile. */
export function tendSources(options: {
  readonly sources: WatchCache<GitSource>;
  readonly store: RevisionStore;
  readonly revisions: Revisions;
  readonly log: Log;
}): Disposable {
  const { sources, store, revisions, log } = options;
  const quietly = (work: Promise<void>): void =>
    void work.catch((error: unknown) => log.warn('revisions were not removed', { error }));
  quietly(store.keepOnly([...sources.entries()].map(([key]) => key)));
  return sources.subscribe(({ key, old, new: now }) => {
    if (now !== undefined && now.metadata.uid === (old ?? now).metadata.uid) return;
    revisions.delete(key);
    if (now === undefined) quietly(store.forget(key));
  });
}
