/**
 * Check: inputs as the program wrote them in, inputs as they are kept and sent out: named, in a namespace, without
 * what the API server sets. Secrets and unknowns stay where they are. Bad input becomes failures, never an exception; only
 * the import of what another stack owns ends here, since nothing but this check tells it from a mere look.
 */
import { asFailure } from '#runtime';
import { annotationOf } from './annotations.ts';
import { isUnreachable } from './cluster.ts';
import { autoname, isAutonamed, isNamed, nameIn, withAutoname } from './names.ts';
import { bare, idIn } from './object.ts';
import { isMap, isUnknown, type ValueMap } from './property.ts';
import type { CheckFailure, CheckRequest, CheckResult } from './requests.ts';
import { markSecrets } from './secrets.ts';
import { namespaceOf, type Session } from './session.ts';
import { isNamespacedByItself } from './scopes.ts';
import { typeParts } from './urn.ts';
import { parseWaitFor } from './wait-for.ts';

export async function check(session: Session, request: CheckRequest): Promise<CheckResult> {
  const foreign = session.foreign.get(request.urn);
  if (foreign !== undefined) throw foreign;
  const failures: CheckFailure[] = [];
  const { inState } = session;
  if (request.olds !== undefined) inState.set(request.urn, idIn(request.olds));
  const named = name({ ...request, seed: seedOf(session, request) }, bare(request.news), failures);
  const placed = await place(session, named);
  failures.push(...wrongAnnotations(named));
  return { inputs: markSecrets(placed, request.news), failures };
}

/**
 * For the operator the name follows from the resource and the object that it had: when the state of a run is lost, the
 * next one finds what that had made. At a desk it is random.
 */
function seedOf({ settings: { owner }, inState }: Session, { urn, seed }: CheckRequest): Uint8Array {
  if (owner === undefined) return seed;
  return Buffer.from(JSON.stringify([owner.namespace, owner.name, urn, inState.get(urn)]));
}

/** Told before anything is made that would then be waited for in a wrong way. */
function wrongAnnotations(inputs: ValueMap): CheckFailure[] {
  const failures: CheckFailure[] = [];
  const waitFor = annotationOf(inputs, 'waitFor') ?? '';
  try {
    if (waitFor !== '') parseWaitFor(waitFor);
  } catch (error) {
    failures.push({ property: 'metadata.annotations["pulumi.com/waitFor"]', reason: asFailure(error).message });
  }
  const seconds = annotationOf(inputs, 'timeoutSeconds') ?? '';
  if (!/^\d*$/.test(seconds)) {
    const reason = `expected a number of seconds, found "${seconds}"`;
    failures.push({ property: 'metadata.annotations["pulumi.com/timeoutSeconds"]', reason });
  }
  return failures;
}

function name(request: CheckRequest, inputs: ValueMap, failures: CheckFailure[]): ValueMap {
  const { metadata } = inputs;
  if (isUnknown(metadata) || isNamed(inputs)) return inputs;
  if (typeParts(request.type)?.patch === true) {
    failures.push({
      property: 'metadata.name',
      reason: 'a Patch needs the name of the object that it changes; set metadata.name',
    });
    return inputs;
  }
  if (isMap(metadata) && metadata['generateName'] !== undefined) {
    const reason = 'server-side apply needs a name; leave generateName out to get one from the name of the resource';
    failures.push({ property: 'metadata.generateName', reason });
    return inputs;
  }
  const old = request.olds === undefined || !isAutonamed(request.olds) ? undefined : nameIn(request.olds);
  const found = old ?? autoname(request);
  if (typeof found === 'object' && found !== null && 'reason' in found) {
    failures.push(found as CheckFailure);
    return inputs;
  }
  return withAutoname(inputs, found);
}

/** Gives a namespace to namespaced objects that name none. */
async function place(session: Session, inputs: ValueMap): Promise<ValueMap> {
  const { apiVersion, kind, metadata = {} } = inputs;
  if (!isMap(metadata) || typeof apiVersion !== 'string' || typeof kind !== 'string') return inputs;
  const { namespace = '' } = metadata;
  if (namespace !== '' && namespace !== null) return inputs;
  try {
    if (!(await isNamespaced(session, { apiVersion, kind }))) return inputs;
    return { ...inputs, metadata: { ...metadata, namespace: await namespaceOf(session) } };
  } catch (error) {
    // What a cluster out of reach would say is said by the operation that needs it.
    if (isUnreachable(error)) return inputs;
    throw error;
  }
}

/** Files that are written for another cluster do not depend on the one that happens to be here. */
async function isNamespaced(
  { settings, cluster }: Session,
  type: { apiVersion: string; kind: string },
): Promise<boolean> {
  return settings.renderTo === undefined ? cluster.isNamespaced(type) : (isNamespacedByItself(type) ?? false);
}
