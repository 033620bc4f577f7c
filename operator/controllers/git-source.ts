/** GitSources: asks the remote for news, puts the newest revision on the board, keeps the last good one while Git fails. */
import { gitSourceKind, parseDuration, type GitSource } from '#api';
import { getObject, type Discovery, type Transport } from '#kube';
import { defineController, type ControllerDefinition, type ReconcileContext } from '#loop';
import { failure, settled, type Outcome } from '#runtime';
import { parseRemote, readCredentials, type Credentials, type Fetched, type Revisions, type RevisionStore } from '#source';

export interface GitSourceOptions {
  readonly store: RevisionStore;
  readonly revisions: Revisions;
  readonly transport: Transport;
  readonly discovery: Discovery;
  readonly concurrency?: number;
}

const defaultConcurrency = 8;

export function gitSourceController(options: GitSourceOptions): ControllerDefinition<GitSource> {
  const { store, revisions } = options;
  return defineController<GitSource>({
    kind: gitSourceKind,
    concurrency: options.concurrency ?? defaultConcurrency,
    interval: ({ spec }) => parseDuration(spec.interval),
    // The fetch has its own limit, in the same words; this one is the safety net above it.
    timeout: ({ spec }) => parseDuration(spec.timeout) * 2,
    reconcile: async (source, context) => {
      if (source.spec.suspend) throw failure('Suspended', { what: 'spec.suspend is true', remedy: 'run `plumbline resume`' });
      await restore(source, context.key, options);
      const credentials = await credentialsOf(source, options, context.signal);
      const fetched = await store.fetchRevision({ key: context.key, spec: source.spec, credentials, signal: context.signal });
      revisions.set(context.key, fetched.revision);
      return report(fetched, context);
    },
  });
}

/** After a restart the last good revision serves from the disk before the network is asked. */
async function restore(source: GitSource, key: string, { store, revisions }: GitSourceOptions): Promise<void> {
  const commit = source.status?.artifact?.commit;
  if (commit === undefined || revisions.current(key) !== undefined) return;
  const fetched = await store.restore({ key, commit });
  if (fetched !== undefined) revisions.set(key, fetched.revision);
}

function report({ revision, tree, digest }: Fetched, context: ReconcileContext): Outcome {
  const { name, commit, author, committer, subject, time } = revision;
  context.report({ artifact: { revision: name, commit, tree, digest, author, committer, subject, time } });
  return settled('RevisionFetched', `${name} by ${author}: ${subject}`);
}

async function credentialsOf({ spec, metadata }: GitSource, options: GitSourceOptions, signal: AbortSignal): Promise<Credentials | undefined> {
  if (spec.secretRef === undefined) return undefined;
  const { transport, discovery } = options;
  const where = `Secret ${metadata.namespace}/${spec.secretRef.name}`;
  const resource = await discovery.resource({ group: '', kind: 'Secret' });
  const secret =
    resource && (await getObject<{ data?: Record<string, string> }>({ transport, resource, name: spec.secretRef.name, namespace: metadata.namespace, signal }));
  if (secret === undefined) throw failure('SecretNotFound', { where, what: 'the Secret does not exist', remedy: 'create it in the namespace of the source' });
  return readCredentials(secret.data ?? {}, parseRemote(spec.url), where);
}
