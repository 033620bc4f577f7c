/** What an update would change on the live object, asked of the API server by dry run. */
import { applyObject, getObject, isAppliedAlike, type KubeObject } from '#kube';
import { changedFields } from '#plan';
import { canonical } from './canonical.ts';
import { driftedFields } from './drifted-fields.ts';
import { leaveIgnored } from './ignored.ts';
import { managerOf } from './managers.ts';
import { asObject, bare, stamped } from './object.ts';
import type { ValueMap } from './property.ts';
import type { PropertyPath } from './property-path.ts';
import type { DiffRequest } from './requests.ts';
import type { Session } from './session.ts';
import { typeParts } from './urn.ts';

export interface LiveDifference {
  readonly isGone: boolean;
  /** The API server would store the object as it is. */
  readonly isSame: boolean;
  /** Our manager would have fields that others have taken over. */
  readonly isTaken: boolean;
  /** Fields that the program sets, and that are not in the cluster as an update would leave them. */
  readonly fields: readonly PropertyPath[];
}

/** Undefined when the kind is not served (yet). @throws ApiError */
export async function liveDifference(session: Session, request: DiffRequest): Promise<LiveDifference | undefined> {
  const { settings, cluster, signal } = session;
  const { urn, type, news: inputs, oldOutputs: outputs, ignoreChanges: paths } = request;
  const wanted = asObject(inputs);
  const resource = await cluster.find(wanted);
  if (resource === undefined) return undefined;
  const transport = await cluster.transport();
  const { name, namespace } = wanted.metadata;
  const live = await getObject({ transport, resource, name, namespace, signal });
  if (live === undefined) return { isGone: true, isSame: false, isTaken: false, fields: [] };
  const manager = managerOf(settings, { urn, type, inputs, outputs });
  const object = leaveIgnored(wanted, live, { manager, paths });
  const owner = typeParts(type)?.patch === true ? undefined : settings.owner;
  // What other managers have set since is what is looked for here: that it is a conflict is said by the update.
  const { object: after } = await applyObject({
    transport,
    resource,
    object: stamped(object, owner, urn),
    force: true,
    dryRun: true,
    manager,
    validation: 'Warn',
    signal,
  });
  const fields = driftedFields(canonical(bare(inputs)), asValue(live), asValue(after));
  const isTaken = !isAppliedAlike(live, after, manager);
  return { isGone: false, isSame: changedFields(live, after).length === 0, isTaken, fields };
}

const asValue = (object: KubeObject): ValueMap => object as unknown as ValueMap;
