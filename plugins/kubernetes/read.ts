/** Read: id and state in, state as the cluster has it out; id '' when the object is gone. With an id alone: import or `get`. */
import { getObject, type KubeObject } from '#kube';
import { awaitReady } from './await.ts';
import { canonical } from './canonical.ts';
import { changedProperties } from './changed-fields.ts';
import { checkpoint, inputsIn, keptIn } from './checkpoint.ts';
import { isUnreachable } from './cluster.ts';
import { importedInputs, isStoredAlike, prunedTo } from './live-inputs.ts';
import { managerOf } from './managers.ts';
import { NotInitialized, NotReady } from './not-initialized.ts';
import { bare, idOf, parseId, unmarked } from './object.ts';
import { foreignOwner, ownedBy } from './owner.ts';
import type { ValueMap } from './property.ts';
import { asksForReplacement, replacingFields } from './replacement.ts';
import type { ReadRequest, ReadResult } from './requests.ts';
import { markSecrets } from './secrets.ts';
import { refused } from './send.ts';
import type { Session } from './session.ts';
import { messageOf, unreachable } from './unreachable.ts';
import { typeParts } from './urn.ts';

const gone: ReadResult = { id: '', inputs: {}, outputs: {} };

export async function read(session: Session, request: ReadRequest): Promise<ReadResult> {
  const subject = subjectOf(request);
  try {
    const live = await readLive(session, subject);
    return live === undefined ? gone : await resultOf(session, request, live);
  } catch (error) {
    if (!isUnreachable(error)) throw error instanceof NotInitialized ? error : refused(error, subject, 'get');
    return withoutCluster(session, request, error);
  }
}

/** The least that names the object. */
function subjectOf(request: ReadRequest): KubeObject {
  const { apiVersion, kind } = { ...typeParts(request.type), ...bare(request.oldOutputs), ...bare(inputsIn(request)) };
  const { namespace, name } = parseId(request.id);
  return {
    apiVersion: String(apiVersion),
    kind: String(kind),
    metadata: namespace === undefined ? { name } : { name, namespace },
  };
}

async function readLive({ cluster, signal }: Session, subject: KubeObject): Promise<KubeObject | undefined> {
  const resource = await cluster.find(subject);
  // A kind that is not served any more took its objects with it.
  if (resource === undefined) return undefined;
  const { name } = subject.metadata;
  const namespace = resource.namespaced
    ? (subject.metadata.namespace ?? (await cluster.defaultNamespace()))
    : undefined;
  return getObject({ transport: await cluster.transport(), resource, name, namespace, signal });
}

async function resultOf(session: Session, request: ReadRequest, live: KubeObject): Promise<ReadResult> {
  const { urn, type, oldOutputs } = request;
  const kept = inputsIn(request);
  const known = Object.keys(kept).length > 0;
  const shown = unmarked(live);
  const inputs = known ? liveInputs(session, request, shown) : markSecrets(importedInputs(shown), kept);
  const manager = keptIn(oldOutputs).manager ?? managerOf(session.settings, { urn, type, inputs });
  const initialApiVersion = keptIn(oldOutputs).initialApiVersion ?? live.apiVersion;
  const lastManaged = session.settings.heal ? keptIn(oldOutputs).managed : undefined;
  const outputs = (object: KubeObject): ValueMap =>
    checkpoint({ inputs, live: object, written: live, lastManaged, manager, initialApiVersion });
  const id = idOf(live);
  if (!known) {
    const other = foreignOwner(session, type, live);
    // To look at it is allowed; the check that follows in an import is not.
    if (other !== undefined) session.foreign.set(urn, ownedBy(other, live));
    return { id, inputs, outputs: outputs(live) };
  }
  try {
    const seen = await awaitReady(session, { urn, inputs, live, timeoutMs: undefined, after: 'read' });
    return { id, inputs, outputs: outputs(seen) };
  } catch (error) {
    if (!(error instanceof NotReady)) throw error;
    throw new NotInitialized({ id, inputs, outputs: outputs(error.live) }, error);
  }
}

/**
 * What the program wrote, while the cluster holds what it made of that (empty maps go, quantities are shortened); else
 * what the cluster has of it now. A run that heals keeps what was written where an update of the object can bring it
 * back: inputs of the state that differ from those of the program would count as a change of the program.
 */
function liveInputs({ settings }: Session, request: ReadRequest, live: ValueMap): ValueMap {
  const kept = inputsIn(request);
  const wanted = canonical(bare(kept));
  const found = prunedTo(live, wanted);
  const before = prunedTo(bare(request.oldOutputs), wanted);
  if ([wanted, before].some((same) => isStoredAlike(found, same))) return kept;
  if (settings.heal && !isAnother(request, { before, found, live })) return kept;
  return markSecrets(found, kept);
}

interface Drifted {
  readonly before: ValueMap;
  readonly found: ValueMap;
  readonly live: ValueMap;
}

/** What nobody can change has changed: somebody has put another object in its place, or made this one immutable. */
function isAnother({ type }: ReadRequest, { before, found, live }: Drifted): boolean {
  const mutable = { configMapMutable: true, secretMutable: true };
  const replacing = replacingFields(live, mutable, typeParts(type)?.patch === true);
  return changedProperties(before, found).some((change) => asksForReplacement(change, replacing));
}

async function withoutCluster(
  { settings, engine }: Session,
  { urn, id, oldInputs: inputs, oldOutputs: outputs }: ReadRequest,
  error: unknown,
): Promise<ReadResult> {
  const tell = (text: string): Promise<void> =>
    engine.tell({ urn, severity: 'warning', text: `${messageOf(error)}: ${text}` });
  if (settings.deleteUnreachable) {
    await tell('taken out of the state, as deleteUnreachable says');
    return gone;
  }
  if (!settings.skipUpdateUnreachable) throw unreachable(error);
  await tell('left as the state has it, as skipUpdateUnreachable says');
  return { id, inputs, outputs };
}
