/** An apply that is held to an approved plan: each object is sent against the very state that the plan was made of. */
import { ApiError, type ObjectKey } from '#kube';
import { Failure } from '#runtime';
import type { PlannedObject, ProposedAction } from '#values';

/** What was found out about one object when the plan was proven last. */
export interface Proof {
  readonly action: ProposedAction;
  /** Of the live object; undefined when there was none. */
  readonly version: string | undefined;
}

export interface Held {
  /** What the last proof says; undefined when the object has none yet. */
  proofOf(key: ObjectKey): Proof | undefined;
  /** Proves anew that what would be done to the object now is in the plan. @throws Failure PlanStale when it is not */
  prove(object: PlannedObject): Promise<Proof>;
}

/** An object that controllers write to all the time may be proven again so often. */
const mostProofs = 8;

/** Sends what was proven; where the live object has moved on since, that is proven again first. */
export async function sendProven<T>(
  held: Held | undefined,
  object: PlannedObject,
  send: (proof: Proof | undefined) => Promise<T>,
): Promise<T> {
  if (held === undefined) return send(undefined);
  let proof = held.proofOf(object.key) ?? (await held.prove(object));
  for (let proofs = 1; ; proofs += 1) {
    try {
      return await send(proof);
    } catch (error) {
      if (!hasMoved(error) || proofs === mostProofs) throw error;
      proof = await held.prove(object);
    }
  }
}

/** Whether the API server says that the live object is not the one that was looked at. */
function hasMoved(error: unknown): boolean {
  if (error instanceof Failure) return error.reason === 'FieldConflict' || hasMoved(error.cause);
  return error instanceof ApiError && error.status === 409;
}
