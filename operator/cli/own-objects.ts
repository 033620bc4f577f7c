/** Our own kinds as verbs read and mark them. */
import type { Command } from 'commander';
import { gitSourceKind, stackKind, type Condition, type GitSource, type KindDefinition, type Stack } from '#api';
import { apiFailure, list, patchMerge, resourcePath, type KubeObject } from '#kube';
import { failure } from '#runtime';
import type { Cluster } from './cluster.ts';

export interface NamespaceOptions {
  readonly namespace?: string | undefined;
}

/** What was read from the API server, with the kind that items of a list leave out. */
export type Live<T> = T & KubeObject;

/** Who sets spec fields and annotations by verbs: another manager than the operator, whose fields are Git's. */
const manager = 'plumbline-cli';

/** Adds `-n, --namespace`. Verbs look into all namespaces without it. */
export function addNamespaceOption(command: Command): Command {
  return command.option('-n, --namespace <name>', 'look into one namespace only');
}

/** @throws Failure UnknownKind when Plumbline is not installed, and as `apiFailure` says */
export async function listOwn<T>(
  cluster: Cluster,
  definition: KindDefinition,
  { namespace, selector }: { readonly namespace?: string | undefined; readonly selector?: string } = {},
): Promise<Live<T>[]> {
  const { group, kind, version } = definition;
  const resource = await cluster.discovery.resource({ group, kind }, version);
  if (resource === undefined) {
    throw failure('UnknownKind', {
      what: `the cluster does not know ${kind}.${group}`,
      remedy: 'run `plumbline install`',
    });
  }
  const found: Live<T>[] = [];
  try {
    const query: Record<string, string> = selector === undefined ? {} : { labelSelector: selector };
    const options = { path: resourcePath(resource, { namespace }), query, accept: 'application/json' };
    for await (const item of list(cluster.transport, options)) {
      found.push({ ...item, apiVersion: `${group}/${version}`, kind } as Live<T>);
    }
  } catch (error) {
    throw apiFailure(error, { verb: 'list', key: `${kind}.${group}` });
  }
  return found.sort((a, b) => idOf(a).localeCompare(idOf(b)));
}

export const idOf = ({ metadata }: { readonly metadata: KubeObject['metadata'] }): string =>
  `${metadata.namespace ?? ''}/${metadata.name}`;

/** The one stack or source called `name` or `namespace/name`. @throws Failure CommandInvalid when none or several are */
export async function findOwn<T extends Stack | GitSource>(
  cluster: Cluster,
  definition: KindDefinition,
  name: string,
  { namespace }: NamespaceOptions,
): Promise<Live<T>> {
  const slash = name.indexOf('/');
  const within = slash < 0 ? namespace : name.slice(0, slash);
  return pickOwn(await listOwn<T>(cluster, definition, { namespace: within }), definition.kind, name, { namespace });
}

/** The same out of a list. @throws Failure CommandInvalid */
export function pickOwn<T extends { readonly metadata: KubeObject['metadata'] }>(
  all: readonly T[],
  kind: string,
  name: string,
  { namespace }: NamespaceOptions,
): T {
  const slash = name.indexOf('/');
  const within = slash < 0 ? namespace : name.slice(0, slash);
  const matching = all.filter(
    ({ metadata }) =>
      metadata.name === name.slice(slash + 1) && (within === undefined || metadata.namespace === within),
  );
  const [only] = matching;
  if (only !== undefined && matching.length === 1) return only;
  const where = within === undefined ? 'in any namespace' : `in namespace ${within}`;
  throw failure(
    'CommandInvalid',
    only === undefined
      ? {
          what: `there is no ${kind} called ${name} ${where}`,
          remedy: `choose one of: ${all.map(idOf).slice(0, 20).join(', ') || 'none exists'}`,
        }
      : { what: `${name} is the name of ${matching.length}`, remedy: `say which: ${matching.map(idOf).join(' or ')}` },
  );
}

/** Changes a stack or source by merge patch. */
export async function mark(cluster: Cluster, object: KubeObject, patch: unknown): Promise<KubeObject> {
  const definition = object.kind === stackKind.kind ? stackKind : gitSourceKind;
  const resource = await cluster.discovery.resource({ group: definition.group, kind: definition.kind });
  const { name, namespace } = object.metadata;
  if (resource === undefined) throw failure('UnknownKind', { what: `the cluster does not know ${definition.kind}` });
  return patchMerge({ transport: cluster.transport, resource, name, namespace, patch, manager }).catch(
    (error: unknown) => {
      throw apiFailure(error, { verb: 'patch', key: `${definition.kind}/${idOf(object)}` });
    },
  );
}

export const readyOf = ({ status }: Stack | GitSource): Condition | undefined =>
  status?.conditions?.find(({ type }) => type === 'Ready');
