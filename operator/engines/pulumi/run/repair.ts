/** Puts a state in order that a run left half done: pure, on what the engine exports. */
import { urnParts } from '../urn.ts';

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
  /** URNs of which the state may be older than the world. */
  readonly stale: readonly string[];
}

/** Without operations in hand; what was made is a resource, and what may have been changed is to be looked at again. */
export function repaired(deployment: Deployment, findings: readonly Finding[]): Repaired {
  const { pending_operations: pending = [], ...rest } = deployment;
  let resources = rest.resources ?? [];
  const stale = new Set<string>();
  for (const { type, resource } of pending) {
    const finding = findings.find(({ urn }) => urn === resource.urn);
    if (type === 'creating' && finding?.outcome === 'adopted') {
      resources = withMade(resources, { ...resource, id: finding.id, outputs: resource.outputs ?? resource.inputs });
      stale.add(resource.urn);
    } else if (type !== 'creating' && resources.some(({ urn }) => urn === resource.urn)) {
      stale.add(resource.urn);
    }
  }
  return { deployment: { ...rest, resources }, stale: [...stale] };
}

/** In the place of one with the same id, which was deleted before; others of its URN are what it replaces. */
function withMade(resources: readonly StoredResource[], made: StoredResource): StoredResource[] {
  const isOfMade = ({ urn, id }: StoredResource): boolean => urn === made.urn && id === made.id;
  const others = resources.map((one) => (one.urn === made.urn && !isOfMade(one) ? { ...one, delete: true } : one));
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
  if (type !== 'creating') return `${begun}: the state was brought up to what is there`;
  const outcome = findings.find(({ urn }) => urn === resource.urn)?.outcome ?? 'unknown';
  if (outcome === 'adopted') return `${begun}: it is there, and was taken into the state`;
  return outcome === 'absent'
    ? `${begun}: it is made anew`
    : `${begun}: nobody knows what became of it; it is made anew`;
}
