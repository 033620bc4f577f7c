/** `plumbline uninstall`: removes the operator; refuses while stacks exist, unless what they applied is to stay. */
import type { Command } from 'commander';
import { gitSourceKind, stackKind, type KindDefinition } from '#api';
import { apiFailure, deleteObject, objectKey, patchMerge, type KubeObject } from '#kube';
import { failure } from '#runtime';
import { addClusterOptions, withCluster, type Cluster, type ClusterOptions } from './cluster.ts';
import { listOwn } from './own-objects.ts';
import { readInstallation, resourceOf } from './installation.ts';

interface UninstallOptions extends ClusterOptions {
  readonly orphan?: true;
}

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
  // The operator goes first, so that nobody acts on the finalizers that are taken off next.
  for (const object of await readInstallation(['deployment'])) await remove(cluster, object);
  for (const object of [...stacks, ...(await all(cluster, gitSourceKind))]) await letGo(cluster, object);
  const rest = await readInstallation(['crds', 'rbac']);
  for (const object of rest.reverse()) await remove(cluster, object);
}

/** All of a kind; none where the kind is gone already, as after an uninstall that was cut off. */
async function all(cluster: Cluster, definition: KindDefinition): Promise<KubeObject[]> {
  const { group, kind } = definition;
  return (await cluster.discovery.resource({ group, kind })) === undefined ? [] : listOwn(cluster, definition);
}

async function letGo(cluster: Cluster, object: KubeObject): Promise<void> {
  const resource = await resourceOf(cluster, object);
  if (resource === undefined) return;
  const { name, namespace } = object.metadata;
  await patchMerge({
    transport: cluster.transport,
    resource,
    name,
    namespace,
    patch: { metadata: { finalizers: null } },
  }).catch((error: unknown) => {
    throw apiFailure(error, { verb: 'patch', key: objectKey(object) });
  });
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
