/** GitSources: asks the remote at every interval, and puts what it finds up for the stacks. */
import { gitSourceKind, parseDuration, type GitSource } from '#api';
import type { WatchCache } from '#kube';
import { defineController, type ControllerDefinition } from '#loop';
import { asFailure, failure, settled, type Log, type Outcome } from '#runtime';
import type { Fetched, Revisions, RevisionStore } from '#source';
import type { SourceCredentials } from './source-credentials.ts';

export interface GitSourceOptions {
  readonly store: RevisionStore;
  readonly revisions: Revisions;
  readonly credentials: SourceCredentials;
  /** Sources asked at once; they wait for the network most of the time. */
  readonly concurrency?: number;
}

const defaultConcurrency = 8;
/** Beyond spec.timeout, which bounds Git alone: for the Secret and the export. */
const graceMs = 30_000;

export function gitSourceController(options: GitSourceOptions): ControllerDefinition<GitSource> {
  const { store, revisions, credentials, concurrency = defaultConcurrency } = options;

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
        // A source that was deleted or changed meanwhile must not put up what it no longer wants.
        signal.throwIfAborted();
        revisions.set(key, fetched.revision);
        context.report({ artifact: artifactOf(fetched) });
        const { name, author, subject } = fetched.revision;
        return settled('RevisionFetched', `${name} by ${author}: ${subject}`);
      } catch (error) {
        credentials.doubt(key);
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

/** Takes down what deleted sources left: at once while running, and at the start what was deleted meanwhile. */
export function tendSources(options: {
  readonly sources: WatchCache<GitSource>;
  readonly store: RevisionStore;
  readonly revisions: Revisions;
  readonly credentials: SourceCredentials;
  readonly log: Log;
}): Disposable {
  const { sources, store, revisions, credentials, log } = options;
  const quietly = (work: Promise<void>): void =>
    void work.catch((error: unknown) => log.warn('revisions were not removed', { error }));
  quietly(store.keepOnly([...sources.entries()].map(([key]) => key)));
  return sources.subscribe(({ key, old, new: now }) => {
    if (now !== undefined && now.metadata.uid === (old ?? now).metadata.uid) return;
    revisions.delete(key);
    credentials.release(key);
    quietly(store.forget(key));
  });
}
