/** Writes the `Change` of a revision: who, what, when, with what result. Immutable, bounded by `spec.history`. */
import { changeKind, labels, type Change, type Stack } from '#api';
import { ApiError, createObject, deleteObject, digestOf, type KubeObject, type Resource, type Transport } from '#kube';
import type { AppliedObject, ObjectFailure, Revision } from '#values';

export type ChangeResult = 'Applied' | 'Failed' | 'Healed';

export interface ChangeFacts {
  readonly stack: Stack;
  readonly revision: Pick<Revision, 'name' | 'commit' | 'author' | 'committer' | 'subject' | 'time'>;
  readonly digest: string;
  readonly result: ChangeResult;
  readonly message: string;
  readonly objects: readonly AppliedObject[];
  readonly failures: readonly ObjectFailure[];
  /** Where the stack asks for approval. */
  readonly approved?: Change['spec']['plan'] | undefined;
  readonly startedMs: number;
  readonly endedMs: number;
}

const mostObjects = 500;
const mostFields = 20;

/** The object that {@link writeChange} creates. Pure. */
export function changeObject(facts: ChangeFacts): KubeObject {
  const { stack, revision, startedMs, endedMs } = facts;
  const objects = facts.objects.filter(({ action }) => action !== 'unchanged');
  const count = (...actions: readonly string[]): number =>
    objects.filter(({ action }) => actions.includes(action)).length;
  const { name, namespace, uid } = stack.metadata;
  return {
    apiVersion: changeKind.apiVersion,
    kind: changeKind.kind,
    metadata: {
      name: `${name.slice(0, 40)}-${revision.commit.slice(0, 8)}-${identityOf(facts)}`,
      ...(namespace === undefined ? {} : { namespace }),
      labels: { [labels.changeOf]: name },
      ownerReferences: [{ apiVersion: changeKind.apiVersion, kind: 'Stack', name, uid: uid ?? '', controller: true }],
    },
    spec: {
      stack: name,
      revision: revision.name,
      commit: {
        sha: revision.commit,
        author: revision.author,
        committer: revision.committer,
        subject: revision.subject.slice(0, 500),
        time: revision.time,
      },
      digest: facts.digest,
      ...(facts.approved === undefined ? {} : { plan: facts.approved }),
      result: facts.result,
      message: facts.message.slice(0, 1000),
      objects: objects
        .slice(0, mostObjects)
        .map(({ key, action, fields }) => ({ object: key, action, fields: fields.slice(0, mostFields) })),
      created: count('created'),
      configured: count('configured', 'recreated', 'adopted'),
      pruned: count('pruned'),
      failed: facts.failures.length,
      startedAt: new Date(startedMs).toISOString(),
      durationMs: endedMs - startedMs,
    },
  };
}

/** The same for the same record, however often it is written: what was done to which objects, coming from where. */
function identityOf({ stack, digest, result, objects }: ChangeFacts): string {
  const { uid, generation } = stack.metadata;
  const from = stack.status?.applied?.time;
  const keys = objects.map(({ key }) => key).sort();
  const hex = Buffer.from(digestOf([uid, generation, from, digest, result, keys]), 'base64url').toString('hex');
  return hex.slice(0, 10);
}

export interface ChangeStore {
  readonly transport: Transport;
  readonly resource: Resource;
  /** Names of the stack's changes, oldest first. */
  readonly namesOf: (stack: Stack) => readonly string[];
}

/** Creates the record, then deletes the oldest ones over `spec.history`. */
export async function writeChange(facts: ChangeFacts, { transport, resource, namesOf }: ChangeStore): Promise<void> {
  const object = changeObject(facts);
  try {
    await createObject({ transport, resource, object, repeatable: true });
  } catch (error) {
    if (!isThere(error)) throw error;
  }
  const { namespace } = facts.stack.metadata;
  const names = namesOf(facts.stack).filter((name) => name !== object.metadata.name);
  const surplus = names.length + 1 - facts.stack.spec.history;
  for (const name of names.slice(0, Math.max(surplus, 0))) await deleteObject({ transport, resource, namespace, name });
}

/** It was written before: the answer was lost, or the process ended before it could note that. */
const isThere = (error: unknown): boolean =>
  error instanceof ApiError && error.status === 409 && error.api?.reason === 'AlreadyExists';
