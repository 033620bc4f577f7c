/** Writes Plans: what was proposed, bounded, and how it stands; old ones over `spec.history` go. */
import { labels, planKind, planLimits, type PlanObject, type PlanSpec, type PlanStatus, type Stack } from '#api';
import {
  ApiError,
  createObject,
  deleteObject,
  digestOf,
  getObject,
  patchStatus,
  type KubeObject,
  type Resource,
  type Transport,
} from '#kube';
import type { Proposal, ProposedChange, Revision } from '#values';

export interface PlanFacts {
  readonly proposal: Proposal;
  readonly revision: Pick<Revision, 'name' | 'commit' | 'author' | 'subject'>;
  /** Digest of all rendered objects. */
  readonly content: string;
  readonly wish: string;
  readonly base: string;
  readonly counts: Pick<PlanSpec, 'created' | 'updated' | 'replaced' | 'deleted' | 'refused'>;
}

/** What all shown changes may take: well below what the API server stores in one object. */
const mostBytes = 400_000;

/** The spec of a Plan. What does not fit is counted: the digest is of everything. Pure. */
export function planSpec(stack: string, facts: PlanFacts): PlanSpec {
  const { proposal, revision, content, wish, base, counts } = facts;
  const changes = shownOf(proposal.changes.map(shorten));
  const more = proposal.changes.length - changes.length;
  return {
    stack,
    digest: proposal.digest,
    revision: revision.name,
    commit: { sha: revision.commit, author: revision.author, subject: revision.subject.slice(0, 500) },
    content,
    wish,
    base,
    destructive: counts.deleted + counts.replaced > 0,
    ...counts,
    changes,
    ...(more === 0 ? {} : { moreChanges: more }),
    identities: proposal.changes.map(({ identity }) => identity),
  };
}

type Shown = PlanSpec['changes'][number];

function shorten({ object, action, fields, refused, note }: ProposedChange): Shown {
  const kept = fields.slice(0, planLimits.fields).map(({ path, from, to }) => ({
    path: cut(path, planLimits.text),
    from: cut(from, planLimits.value),
    to: cut(to, planLimits.value),
  }));
  const more = fields.length - kept.length;
  return {
    object: cut(object, planLimits.text),
    action,
    ...(kept.length === 0 ? {} : { fields: kept }),
    ...(more === 0 ? {} : { moreFields: more }),
    ...(refused === undefined ? {} : { refused: cut(refused, planLimits.text) }),
    ...(note === undefined ? {} : { note: cut(note, planLimits.text) }),
  };
}

/** Well formed: the API server would store half a character as another one. */
const cut = (text: string, most: number): string =>
  (text.length <= most ? text : `${text.slice(0, most - 1)}…`).toWellFormed();

/** What matters most is shown: what goes, what is refused, then the rest; in the order of the apply. */
function shownOf(changes: readonly Shown[]): Shown[] {
  const rank = ({ action, refused }: Shown): number =>
    action === 'delete' || action === 'replace' ? 0 : refused === undefined ? 2 : 1;
  const kept = new Set<Shown>();
  let bytes = 0;
  for (const change of [...changes].sort((a, b) => rank(a) - rank(b))) {
    bytes += Buffer.byteLength(JSON.stringify(change));
    if (kept.size === planLimits.changes || bytes > mostBytes) break;
    kept.add(change);
  }
  return changes.filter((change) => kept.has(change));
}

/** The same for the same digest. */
export const planName = (stack: string, digest: string): string =>
  `${stack.slice(0, 50)}-${digest.slice(digest.indexOf(':') + 1).slice(0, 10)}`;

export interface PlanStore {
  readonly transport: Transport;
  readonly resource: Resource;
  /** Names of the stack's plans, oldest first. */
  readonly namesOf: (stack: Stack) => readonly string[];
  /** Sends a write so that the watch never shows an older state than its answer. */
  readonly write: (key: string, send: () => Promise<KubeObject>) => Promise<KubeObject>;
}

/**
 * Stores the plan, unless it is there. One that shows something else under the same name was not made by the operator:
 * it is thrown away, with whatever was said to it. @throws ApiError
 */
export async function writePlan(owner: Stack, spec: PlanSpec, store: PlanStore): Promise<PlanObject> {
  const { transport, resource, write } = store;
  const { name: stack, namespace, uid = '' } = owner.metadata;
  const name = planName(stack, spec.digest);
  const key = `${namespace}/${name}`;
  const reference = { apiVersion: planKind.apiVersion, kind: 'Stack', name: stack, uid, controller: true };
  const object = {
    apiVersion: planKind.apiVersion,
    kind: planKind.kind,
    metadata: {
      name,
      ...(namespace && { namespace }),
      labels: { [labels.planOf]: stack },
      ownerReferences: [reference],
    },
    spec,
  };
  const create = (): Promise<KubeObject> =>
    write(key, () => createObject({ transport, resource, object, repeatable: true }));
  try {
    const made = await create();
    const others = store.namesOf(owner).filter((other) => other !== name);
    for (const old of others.slice(0, Math.max(0, others.length + 1 - owner.spec.history)))
      await deleteObject({ transport, resource, namespace, name: old });
    return made as unknown as PlanObject;
  } catch (error) {
    if (!(error instanceof ApiError) || error.status !== 409) throw error;
    const found = await getObject<PlanObject>({ transport, resource, namespace, name });
    if (found !== undefined && isSame(found.spec, spec)) return found;
    await deleteObject({ transport, resource, namespace, name });
    return (await create()) as unknown as PlanObject;
  }
}

/** Whether both are of the same changes; lines and what the API server would choose may differ. */
export function isSame(a: PlanSpec, b: PlanSpec): boolean {
  const essence = ({ digest, identities, changes }: PlanSpec): string =>
    digestOf([digest, identities, changes.map((each) => [each.object, each.action, each.fields?.map(pathAndFrom)])]);
  return essence(a) === essence(b);
}

const pathAndFrom = ({ path, from }: { readonly path: string; readonly from: string }): unknown => [path, from];

/** @throws ApiError */
export async function markPlan(
  { metadata: { namespace, name } }: Pick<PlanObject, 'metadata'>,
  status: { readonly [Field in keyof PlanStatus]?: PlanStatus[Field] | undefined },
  { transport, resource, write }: PlanStore,
): Promise<void> {
  await write(`${namespace}/${name}`, () => patchStatus({ transport, resource, namespace, name, patch: { status } }));
}
