/** `plumbline uninstall`: removes the operator; refuses while stacks exist, unless what they applied is to stay. */
import type { Command } from 'commander';
import { gitSourceKind, stackKind, type KindDefinition } from '#api';
import { apiFailure, deleteObject, getObject, list, objectKey, patchMerge, resourcePath, type KubeObject } from '#kube';
import { failure, systemClock } from '#runtime';
import { addClusterOptions, withCluster, type Cluster, type ClusterOptions } from './cluster.ts';
import { strangersIn } from './strangers.ts';
import { listOwn } from './own-objects.ts';
import { withProgress } from './output.ts';
import { readInstallation, resourceOf } from './installation.ts';

interface UninstallOptions extends ClusterOptions {
  readonly orphan?: true;
}

/** The API server itself tries up to a minute to empty a CRD, and then again. */
const goneWithinMs = 300_000;
const lookAgainMs = 200;

export function define(command: Command): void {
  addClusterOptions(command)
    .option('--orphan', 'leave in the cluster what the stacks have applied')
    .action((options: UninstallOptions) =>
      withCluster(options, (cluster) => uninstall(cluster, options.orphan ?? false)),
    );
}

async function uninstall(cluster: Cluster, orphan: boolean): Promise<void> {
  const stacks = await all(cluster, stackKind);
  if (stacks.length > 0 && !orphan) {
    throw failure('CommandInvalid', {
      what: `${stacks.length} stacks are still there (${stacks.slice(0, 5).map(objectKey).join(', ')})`,
      remedy: 'delete them first, or keep what they applied with --orphan',
    });
  }
  // Said before the operator goes: until its last moment it would delete what a deleted stack has applied.
  for (const stack of stacks) await patch(cluster, stack, { spec: { deletionPolicy: 'Orphan' } });
  const deployments = await readInstallation(['deployment']);
  for (const object of deployments) await remove(cluster, object);
  await withProgress('waiting for the end of the operator', ended(cluster, deployments));
  const rights = (await readInstallation(['rbac'])).reverse();
  for (const object of rights) if (object.kind !== 'Namespace') await remove(cluster, object);
  // Nobody can put a finalizer back now, not even an operator that runs outside of the cluster.
  for (const object of [...stacks, ...(await all(cluster, gitSourceKind))])
    await patch(cluster, object, { metadata: { finalizers: null } });
  const definitions = (await readInstallation(['crds'])).reverse();
  for (const object of definitions) await remove(cluster, object);
  await withProgress('waiting for the end of the CRDs', gone(cluster, definitions));
  for (const object of rights) if (object.kind === 'Namespace') await removeEmpty(cluster, object);
}

/** A namespace may hold what people and stacks have put there, Secrets and accounts: it goes only when it is empty. */
async function removeEmpty(cluster: Cluster, namespace: KubeObject): Promise<void> {
  const strangers = await strangersIn(cluster, namespace.metadata.name);
  if (strangers.length === 0) return remove(cluster, namespace);
  const shown = strangers.slice(0, 5).join(', ');
  const more = strangers.length > 5 ? ` and ${strangers.length - 5} more` : '';
  process.stdout.write(`${objectKey(namespace)} stays: it holds ${shown}${more}, which are not the operator's\n`);
}

/** Resolves when no pod of the Deployments is left. @throws Failure TimedOut */
async function ended(cluster: Cluster, deployments: readonly KubeObject[]): Promise<void> {
  const pods = await cluster.discovery.resource({ group: '', kind: 'Pod' });
  if (pods === undefined) return;
  for (const deployment of deployments) {
    const { selector } = deployment['spec'] as { selector: { matchLabels: Readonly<Record<string, string>> } };
    const labelSelector = Object.entries(selector.matchLabels)
      .map(([label, value]) => `${label}=${value}`)
      .join(',');
    const path = resourcePath(pods, { namespace: deployment.metadata.namespace });
    await untilNone(`the pods of ${objectKey(deployment)}`, async () => {
      const found = list(cluster.transport, { path, query: { labelSelector }, accept: 'application/json' });
      const { done, value } = await found.next();
      return done === true ? undefined : `pod ${value.metadata.name}`;
    });
  }
}

async function gone(cluster: Cluster, objects: readonly KubeObject[]): Promise<void> {
  for (const object of objects) {
    const resource = await resourceOf(cluster, object);
    if (resource === undefined) continue;
    const { name, namespace } = object.metadata;
    const { transport } = cluster;
    await untilNone(objectKey(object), async () => {
      const left = await getObject({ transport, resource, name, namespace });
      return left === undefined ? undefined : terminationOf(left);
    });
  }
}

/** What the API server says of the end of a CRD: what it could not empty, and why. */
function terminationOf(object: KubeObject): string {
  const { conditions = [] } = (object['status'] ?? {}) as {
    conditions?: readonly { readonly type: string; readonly reason?: string; readonly message?: string }[];
  };
  const { reason, message } = conditions.find(({ type }) => type === 'Terminating') ?? {};
  return [reason, message].filter(Boolean).join(', ') || 'it is still there';
}

/** @param holding what is still to be seen of it, for people; undefined once it is gone. @throws Failure TimedOut */
async function untilNone(what: string, holding: () => Promise<string | undefined>): Promise<void> {
  const until = systemClock.now() + goneWithinMs;
  for (let found = await holding(); found !== undefined; found = await holding()) {
    if (systemClock.now() > until) {
      const expected = `within ${goneWithinMs / 1000} s`;
      const remedy = 'see what holds it, then run `plumbline uninstall` again';
      throw failure('TimedOut', { what: `${what} did not go`, expected, found, remedy });
    }
    await systemClock.sleep(lookAgainMs);
  }
}

/** All of a kind; none where the kind is gone already, as after an uninstall that was cut off. */
async function all(cluster: Cluster, definition: KindDefinition): Promise<KubeObject[]> {
  const { group, kind } = definition;
  return (await cluster.discovery.resource({ group, kind })) === undefined ? [] : listOwn(cluster, definition);
}

async function patch(cluster: Cluster, object: KubeObject, change: unknown): Promise<void> {
  const resource = await resourceOf(cluster, object);
  if (resource === undefined) return;
  const { name, namespace } = object.metadata;
  const manager = 'plumbline-cli';
  await patchMerge({ transport: cluster.transport, resource, name, namespace, patch: change, manager }).catch(
    (error: unknown) => {
      throw apiFailure(error, { verb: 'patch', key: objectKey(object) });
    },
  );
}

async function remove(cluster: Cluster, object: KubeObject): Promise<void> {
  const key = objectKey(object);
  const resource = await resourceOf(cluster, object);
  if (resource === undefined) return;
  const { name, namespace } = object.metadata;
  const { deleted } = await deleteObject({ transport: cluster.transport, resource, name, namespace }).catch(
    (error: unknown) => {
      throw apiFailure(error, { verb: 'delete', key });
    },
  );
  process.stdout.write(`${key} ${deleted ? 'deleted' : 'is being deleted'}\n`);
}
