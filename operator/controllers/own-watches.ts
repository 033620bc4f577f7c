/** The watches of our own kinds, and of the definitions of all others. */
import {
  approvalKind,
  changeKind,
  gitSourceKind,
  inventoryKind,
  labels,
  planKind,
  stackKind,
  type Approval,
  type GitSource,
  type KindDefinition,
  type Stack,
} from '#api';
import { WatchCache, type Discovery, type KubeObject, type Resource, type Transport } from '#kube';
import { failure, type Clock, type Log } from '#runtime';
import { keepPlan, type KeptPlan } from './plans.ts';

export interface WatchOwnOptions {
  readonly transport: Transport;
  readonly discovery: Discovery;
  readonly clock: Clock;
  readonly log: Log;
}

export interface OwnWatches {
  readonly sources: WatchCache<GitSource>;
  readonly stacks: WatchCache<Stack>;
  readonly changes: WatchCache<ChangeView>;
  readonly plans: WatchCache<KeptPlan>;
  readonly approvals: WatchCache<Approval>;
  readonly definitions: WatchCache<number>;
  readonly resources: Readonly<
    Record<'source' | 'stack' | 'inventory' | 'change' | 'plan' | 'approval' | 'serviceAccount', Resource>
  >;
}

/** Resolves when each kind has been listed. @throws Failure UnknownKind when the operator is not installed. */
export async function watchOwn(
  { transport, discovery, clock, log }: WatchOwnOptions,
  started: AsyncDisposableStack,
): Promise<OwnWatches> {
  const open = async <T>(
    resource: Resource,
    reduce: (object: KubeObject) => T,
    metadataOnly = false,
  ): Promise<WatchCache<T>> => {
    const cache = started.use(new WatchCache<T>({ transport, resource, reduce, metadataOnly, clock, log }));
    await cache.start();
    return cache;
  };
  const [source, stack, inventory, change, plan, approval, serviceAccount, crds] = await Promise.all([
    ownResource(discovery, gitSourceKind),
    ownResource(discovery, stackKind),
    ownResource(discovery, inventoryKind),
    ownResource(discovery, changeKind),
    ownResource(discovery, planKind),
    ownResource(discovery, approvalKind),
    builtin(discovery, '', 'ServiceAccount'),
    builtin(discovery, 'apiextensions.k8s.io', 'CustomResourceDefinition'),
  ]);
  const [sources, stacks, changes, plans, approvals, definitions] = await Promise.all([
    open(source, (object) => object as unknown as GitSource),
    open(stack, (object) => object as unknown as Stack),
    open(change, changeOf, true),
    open(plan, keepPlan),
    open(approval, (object) => object as unknown as Approval),
    open(crds, ({ metadata }) => metadata.generation ?? 0, true),
  ]);
  const resources = { source, stack, inventory, change, plan, approval, serviceAccount };
  return { sources, stacks, changes, plans, approvals, definitions, resources };
}

async function ownResource(discovery: Discovery, { group, kind, version }: KindDefinition): Promise<Resource> {
  const resource = await discovery.resource({ group, kind }, version);
  if (resource !== undefined) return resource;
  throw failure('UnknownKind', {
    what: `the cluster does not know ${kind}.${group}`,
    remedy: 'run `plumbline install` first',
  });
}

async function builtin(discovery: Discovery, group: string, kind: string): Promise<Resource> {
  const resource = await discovery.resource({ group, kind });
  if (resource !== undefined) return resource;
  throw failure('UnknownKind', { what: `the API server does not serve ${kind}` });
}

/** Objects held in memory, by kind. */
export const sizesOf = ({
  sources,
  stacks,
  changes,
  plans,
  approvals,
  definitions,
}: OwnWatches): { readonly kind: string; readonly size: number }[] => [
  { kind: 'GitSource.plumbline.dev', size: sources.size },
  { kind: 'Stack.plumbline.dev', size: stacks.size },
  { kind: 'Change.plumbline.dev', size: changes.size },
  { kind: 'Plan.plumbline.dev', size: plans.size },
  { kind: 'Approval.plumbline.dev', size: approvals.size },
  { kind: 'CustomResourceDefinition.apiextensions.k8s.io', size: definitions.size },
];

interface ChangeView {
  readonly stack: string;
  readonly created: string;
  /** A record never changes: this is its place in the order of creation, which `created` tells in seconds only. */
  readonly version: string;
}

const changeOf = ({ metadata }: KubeObject): ChangeView => ({
  stack: `${metadata.namespace}/${metadata.labels?.[labels.changeOf] ?? ''}`,
  created: metadata.creationTimestamp ?? '',
  version: metadata.resourceVersion ?? '',
});

/** Names of the stack's Changes, oldest first. */
export function changeNames(changes: WatchCache<ChangeView>, { metadata }: Stack): string[] {
  const stack = `${metadata.namespace}/${metadata.name}`;
  const byVersion = new Intl.Collator('en', { numeric: true });
  return [...changes.entries()]
    .filter(([, change]) => change.stack === stack)
    .sort(([, a], [, b]) => a.created.localeCompare(b.created) || byVersion.compare(a.version, b.version))
    .map(([key]) => key.slice(key.indexOf('/') + 1));
}
