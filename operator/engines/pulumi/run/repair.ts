/** Puts a state in order that a run left half done: pure, on what the engine exports. */
import { urnParts } from '../urn.ts';
import type { Unfinished } from './pending.ts';

/** As the engine writes its state. */
export interface StoredResource {
  readonly urn: string;
  readonly type: string;
  readonly id?: string;
  readonly inputs?: unknown;
  readonly outputs?: unknown;
  readonly retainOnDelete?: boolean;
  /** It was replaced, and is to be deleted. */
  readonly delete?: boolean;
  /** It was deleted, and its replacement is to be made. */
  readonly pendingReplacement?: boolean;
  /** The engine reads it from the cluster before its next update, once. */
  readonly refreshBeforeUpdate?: boolean;
}

export interface Deployment {
  readonly resources?: readonly StoredResource[];
  readonly pending_operations?: readonly PendingOperation[];
}

export interface PendingOperation {
  /** `creating`, `updating`, `deleting`, `reading`, `importing` */
  readonly type: string;
  readonly resource: StoredResource;
}

/** What the world says of an operation that was cut off. */
export interface Finding {
  readonly urn: string;
  /** `adopted`: it was made, and with this id it belongs into the state. `absent`: it was not made, or has been taken away again. */
  readonly outcome: 'adopted' | 'absent' | 'unknown';
  readonly id: string;
}

export interface Repaired {
  readonly deployment: Deployment;
  /** URNs of resources that are not as the run before left them; the engine looks at them before it goes by the state. */
  readonly stale: readonly string[];
}

/**
 * What is to be looked for in the cluster: all that was being made, and what the state takes for deleted until it is
 * replaced. A provider that was lost may have made the replacement, of which the engine knows nothing.
 */
export function unfinishedIn({ resources = [], pending_operations: pending = [] }: Deployment): Unfinished[] {
  const making = pending.filter(({ type }) => type === 'creating').map(({ resource }) => resource);
  const replaced = resources.filter(
    (one) => one.pendingReplacement === true && !making.some(({ urn }) => urn === one.urn),
  );
  return [
    ...making.map(({ urn, inputs }) => {
      const ids = resources.flatMap((resource) => (resource.urn === urn && resource.id ? [resource.id] : []));
      return { urn, inputs: identityOnly(inputs), ids };
    }),
    ...replaced.map(({ urn, inputs, id = '' }) => ({ urn, inputs: identityOnly(inputs), ids: [id] })),
  ];
}

/** The rest may hold secrets, which need not go from one process to another. */
export function identityOnly(inputs: unknown): unknown {
  const { apiVersion, kind, metadata } = (inputs ?? {}) as Readonly<Record<string, unknown>>;
  const { name, namespace } = (metadata ?? {}) as Readonly<Record<string, unknown>>;
  return { apiVersion, kind, metadata: { name, ...(namespace === undefined ? {} : { namespace }) } };
}

/** Without operations in hand; what was made is a resource, and what may have been changed is to be looked at again. */
export function repaired(deployment: Deployment, findings: readonly Finding[]): Repaired {
  const { pending_operations: pending = [], ...rest } = deployment;
  let resources = rest.resources ?? [];
  const stale = new Set<string>();
  const adopted = findings.filter(({ outcome }) => outcome === 'adopted');
  for (const { type, resource } of pending) {
    const finding = adopted.find(({ urn }) => urn === resource.urn);
    if (type === 'creating' && finding !== undefined) {
      resources = withMade(resources, { ...resource, id: finding.id, outputs: resource.outputs ?? resource.inputs });
      stale.add(resource.urn);
    } else if (type !== 'creating' && resources.some(({ urn }) => urn === resource.urn)) {
      stale.add(resource.urn);
    }
  }
  resources = resources.map((resource) => {
    if (!adopted.some(({ urn, id }) => isReplaced(resource) && urn === resource.urn && id === resource.id))
      return resource;
    stale.add(resource.urn);
    return withoutReplacement(resource);
  });
  return { deployment: doubted({ ...rest, resources }, [...stale]), stale: [...stale] };
}

function withoutReplacement({ pendingReplacement: _, ...resource }: StoredResource): StoredResource {
  return resource;
}

const isReplaced = ({ pendingReplacement }: StoredResource): boolean => pendingReplacement === true;

/**
 * Nobody knows how far an operation on these resources came. The mark that has them looked at is in the state, so that
 * no crash loses it; what is to be deleted or is deleted already needs none.
 */
export function doubted(deployment: Deployment, urns: readonly string[]): Deployment {
  const resources = (deployment.resources ?? []).map((resource) =>
    urns.includes(resource.urn) && resource.delete !== true && !isReplaced(resource)
      ? { ...resource, refreshBeforeUpdate: true }
      : resource,
  );
  return { ...deployment, resources };
}

/** In the place of one with the same id, which was deleted before; others of its URN are what it replaces. */
function withMade(resources: readonly StoredResource[], made: StoredResource): StoredResource[] {
  const isOfMade = ({ urn, id }: StoredResource): boolean => urn === made.urn && id === made.id;
  const others = resources.map((one) =>
    one.urn === made.urn && !isOfMade(one) ? { ...withoutReplacement(one), delete: true } : one,
  );
  const at = others.findIndex(isOfMade);
  return at < 0 ? [...others, made] : others.with(at, made);
}

/** `kubernetes:apps/v1:Deployment web` */
export function nameOf(urn: string): string {
  const { type, name } = urnParts(urn);
  return `${type} ${name}`;
}

const doing: Readonly<Record<string, string>> = { creating: 'making', updating: 'changing', deleting: 'deleting' };

/** For people, one line an operation. */
export function tellOf({ type, resource }: PendingOperation, findings: readonly Finding[]): string {
  const begun = `the run before was cut off while ${doing[type] ?? type} ${nameOf(resource.urn)}`;
  if (type !== 'creating') return `${begun}: it is looked at again before it is changed`;
  const outcome = findings.find(({ urn }) => urn === resource.urn)?.outcome ?? 'unknown';
  if (outcome === 'adopted') return `${begun}: it is there, and was taken into the state`;
  return outcome === 'absent'
    ? `${begun}: it is made anew`
    : `${begun}: nobody knows what became of it; it is made anew`;
}
