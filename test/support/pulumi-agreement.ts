/** Whether the state of a stack and the cluster agree: each ConfigMap of the one is in the other, once, as the program wrote it. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { annotations } from '#api';
import type { TestCluster } from './cluster.ts';
import type { PulumiRuns } from './pulumi-runs.ts';

/** One line a difference. */
export async function differencesOf(world: TestCluster, { folder, namespace }: PulumiRuns): Promise<string[]> {
  const stored = await storedIn(join(folder, 'state', '.pulumi', 'stacks', 'shop', 'dev.json'));
  const { body } = await world.transport.request<{ readonly items: readonly Live[] }>({
    method: 'GET',
    path: `/api/v1/namespaces/${namespace}/configmaps`,
  });
  const live = new Map(
    body.items
      .filter(({ metadata }) => metadata.name !== 'kube-root-ca.crt')
      .map((item) => [`${namespace}/${item.metadata.name}`, item]),
  );
  const lines = stored.pending.map((urn) => `pending: ${urn}`);
  for (const resource of stored.resources) {
    const found = live.get(resource.id);
    live.delete(resource.id);
    lines.push(...differences(resource, found));
  }
  const twice = stored.resources.map(({ urn }) => urn).filter((urn, index, all) => all.indexOf(urn) !== index);
  return [...lines, ...twice.map((urn) => `twice: ${urn}`), ...[...live.keys()].map((id) => `orphan: ${id}`)];
}

function differences({ id, urn, inputs, outputs, ...flags }: Stored, live: Live | undefined): string[] {
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

async function storedIn(file: string): Promise<{ resources: Stored[]; pending: string[] }> {
  const { checkpoint } = JSON.parse(await readFile(file, 'utf8')) as Checkpoint;
  const { resources = [], pending_operations: pending = [] } = checkpoint.latest;
  return {
    resources: resources.filter(({ type }) => type.startsWith('kubernetes:')),
    pending: pending.map(({ resource }) => resource.urn),
  };
}

interface Metadata {
  readonly name: string;
  readonly uid?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
}

interface Live {
  readonly metadata: Metadata;
  readonly data?: unknown;
}

interface Stored {
  readonly urn: string;
  readonly id: string;
  readonly type: string;
  readonly inputs: Partial<Live>;
  readonly outputs: Partial<Live>;
  readonly delete?: boolean;
  readonly pendingReplacement?: boolean;
  readonly refreshBeforeUpdate?: boolean;
}

interface Checkpoint {
  readonly checkpoint: {
    readonly latest: {
      readonly resources?: readonly Stored[];
      readonly pending_operations?: readonly { readonly resource: Stored }[];
    };
  };
}
