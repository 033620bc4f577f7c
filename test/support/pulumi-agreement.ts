/** Whether the state of a stack and the cluster agree: each ConfigMap of the one is in the other, once, as the program wrote it. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { annotations } from '#api';
import type { TestCluster } from './cluster.ts';
import type { PulumiRuns } from './pulumi-runs.ts';

/** One line a difference. */
export async function differencesOf(world: TestCluster, { folder, namespace }: PulumiRuns): Promise<string[]> {
  const text = await readFile(join(folder, 'state', '.pulumi', 'stacks', 'shop', 'dev.json'), 'utf8');
  return stateDifferences(storedIn(text), await configMapsOf(world, namespace));
}

/** Every ConfigMap of a namespace that somebody made. */
export async function configMapsOf({ transport }: TestCluster, namespace: string): Promise<LiveConfigMap[]> {
  const path = `/api/v1/namespaces/${namespace}/configmaps`;
  const { body } = await transport.request<{ readonly items: readonly LiveConfigMap[] }>({ method: 'GET', path });
  return body.items.filter(({ metadata }) => metadata.name !== 'kube-root-ca.crt');
}

/** One line a difference between what a state holds and the ConfigMaps that should be all of it. */
export function stateDifferences(stored: StoredState, configMaps: readonly LiveConfigMap[]): string[] {
  const live = new Map(configMaps.map((item) => [`${item.metadata.namespace}/${item.metadata.name}`, item]));
  const lines = stored.pending.map((urn) => `pending: ${urn}`);
  for (const resource of stored.resources) {
    const found = live.get(resource.id);
    live.delete(resource.id);
    lines.push(...differences(resource, found));
  }
  const twice = stored.resources.map(({ urn }) => urn).filter((urn, index, all) => all.indexOf(urn) !== index);
  return [...lines, ...twice.map((urn) => `twice: ${urn}`), ...[...live.keys()].map((id) => `orphan: ${id}`)];
}

function differences(
  { id, urn, inputs, outputs, ...flags }: StoredResource,
  live: LiveConfigMap | undefined,
): string[] {
  if (live === undefined) return [`missing in the cluster: ${id}`];
  const { metadata, data } = live;
  if (metadata.annotations?.[annotations.urn] !== urn) return [`of another resource: ${id}`];
  const wrong: Readonly<Record<string, boolean>> = {
    'other content': JSON.stringify(data) !== JSON.stringify(inputs.data),
    'other labels': metadata.labels?.['generation'] !== inputs.metadata?.labels?.['generation'],
    'another object in the outputs': metadata.uid !== outputs.metadata?.uid,
    'half replaced': flags.delete === true || flags.pendingReplacement === true,
    'in doubt': flags.refreshBeforeUpdate === true,
  };
  return Object.keys(wrong)
    .filter((what) => wrong[what])
    .map((what) => `${what}: ${id}`);
}

/** The Kubernetes resources of a state as the engine writes it, and the operations that it was in the middle of. */
export function storedIn(text: string): StoredState {
  const { checkpoint } = JSON.parse(text) as Checkpoint;
  const { resources = [], pending_operations: pending = [] } = checkpoint.latest ?? {};
  return {
    resources: resources.filter(({ type }) => type.startsWith('kubernetes:')),
    pending: pending.map(({ resource }) => resource.urn),
  };
}

export interface StoredState {
  readonly resources: readonly StoredResource[];
  /** URNs. */
  readonly pending: readonly string[];
}

interface Metadata {
  readonly name: string;
  readonly namespace?: string;
  readonly uid?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
}

export interface LiveConfigMap {
  readonly metadata: Metadata;
  readonly data?: unknown;
}

export interface StoredResource {
  readonly urn: string;
  readonly id: string;
  readonly type: string;
  readonly inputs: Partial<LiveConfigMap>;
  readonly outputs: Partial<LiveConfigMap>;
  readonly delete?: boolean;
  readonly pendingReplacement?: boolean;
  readonly refreshBeforeUpdate?: boolean;
}

interface Checkpoint {
  readonly checkpoint: {
    /** Null before the first run. */
    readonly latest: null | {
      readonly resources?: readonly StoredResource[];
      readonly pending_operations?: readonly { readonly resource: StoredResource }[];
    };
  };
}
