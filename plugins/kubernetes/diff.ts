/**
 * Diff: old inputs, old outputs (both as kept in the state) and checked new inputs in; changed paths out, each with
 * whether it asks for a replacement. Equal inputs ask the API server nothing; where they differ, or everything is to be
 * put right, a dry run against the live object tells what would really change, hand edits included.
 */
import { getObject } from '#kube';
import { healthOf } from '#health';
import { isAnnotated } from './annotations.ts';
import { canonical } from './canonical.ts';
import { changedProperties, isEqual } from './changed-fields.ts';
import { inputsIn } from './checkpoint.ts';
import { isUnreachable } from './cluster.ts';
import { liveDifference, type LiveDifference } from './live-difference.ts';
import { isAutonamed, knownName } from './names.ts';
import { asObject, bare } from './object.ts';
import { hasUnknown, isMap, type ValueMap } from './property.ts';
import { contains, parsePath, writePath, type PropertyPath } from './property-path.ts';
import { asksForReplacement, replacingFields, type ChangedField } from './replacement.ts';
import type { DiffRequest, DiffResult, PropertyChange } from './requests.ts';
import { refused } from './send.ts';
import type { Session } from './session.ts';
import { messageOf } from './unreachable.ts';
import { typeParts } from './urn.ts';

export async function diff(session: Session, request: DiffRequest): Promise<DiffResult> {
  const { settings } = session;
  const { before, after } = placed(bare(inputsIn(request)), bare(request.news), request.oldOutputs);
  const ignored = request.ignoreChanges.map(parsePath);
  const isIgnored = (path: PropertyPath): boolean => ignored.some((pattern) => contains(pattern, path));
  const written = changesOf(before, after).filter(({ path }) => !isIgnored(path));
  const replacing = replacingFields(after, settings, typeParts(request.type)?.patch === true);
  const anew = written.filter((change) => asksForReplacement(change, replacing));
  const live = anew.length === 0 ? await askLive(session, request, written.length > 0) : undefined;
  const changes = [
    ...written.filter((change) => !(live?.isSame === true && isSpelling(change))).map((change) => shown(change, anew)),
    ...drifted(live, written)
      .filter((path) => !isIgnored(path))
      .map(asDrift),
  ];
  const unready = anew.length === 0 && (await isUnreadyJob(session, request, after));
  const replaces = unready ? ['metadata.annotations["pulumi.com/replaceUnready"]'] : [];
  // A field that was changed and changed back is not ours any more: what others do to it next would not be seen.
  const isTaken = settings.heal && live?.isTaken === true;
  const changed = isTaken || live?.isGone === true || (settings.renderTo !== undefined && settings.alwaysRender);
  return {
    changes,
    changed,
    replaces,
    // Said in any case: that it is replaced may be the wish of the program (replaceOnChanges).
    deleteBeforeReplace: takesTheName(before, after),
  };
}

/** Both states with name and namespace, be they only implied: a program that starts to name what it has changes nothing. */
function placed(olds: ValueMap, news: ValueMap, outputs: ValueMap): Record<'before' | 'after', ValueMap> {
  const { name, namespace } = metadataOf(outputs);
  if (name === undefined) return { before: olds, after: news };
  const before = metadataOf(olds);
  const after = metadataOf(news);
  const place = namespace === undefined ? { namespace: null } : { namespace };
  return {
    before: { ...olds, metadata: { name, ...before, ...place } },
    after: isMap(news['metadata'])
      ? { ...news, metadata: { ...place, ...after, ...(namespace === undefined && place) } }
      : news,
  };
}

const metadataOf = ({ metadata }: ValueMap): ValueMap => (isMap(metadata) ? metadata : {});

function changesOf(before: ValueMap, after: ValueMap): ChangedField[] {
  const changes = changedProperties(before, after);
  const old = canonical(before);
  const wanted = canonical(after);
  if (old === before && wanted === after) return changes;
  const isSame = isEqual(old['data'], wanted['data']);
  return changes.filter(({ path: [field] }) => !isSame || (field !== 'data' && field !== 'stringData'));
}

/** Another way to write the same value. Of a newer version the object does not tell, but the program does. */
const isSpelling = ({ path: [field], before, after }: ChangedField): boolean =>
  before !== undefined && after !== undefined && field !== 'apiVersion';

function shown({ path, before, after }: ChangedField, anew: readonly ChangedField[]): PropertyChange {
  const replaces = anew.some((change) => change.path === path);
  const kind = before === undefined ? 'add' : after === undefined ? 'delete' : 'update';
  return { path: writePath(path), kind, replaces, written: true };
}

const asDrift = (path: PropertyPath): PropertyChange => ({
  path: writePath(path),
  kind: 'update',
  replaces: false,
  written: false,
});

/** What no change of the program accounts for. */
const drifted = (live: LiveDifference | undefined, written: readonly ChangedField[]): readonly PropertyPath[] =>
  (live?.fields ?? []).filter((field) => !written.some(({ path }) => contains(path, field) || contains(field, path)));

/** Undefined when nothing is to be asked, or the answer would be that of the update, which says more. */
async function askLive(
  session: Session,
  request: DiffRequest,
  isChanged: boolean,
): Promise<LiveDifference | undefined> {
  const { serverSideApply, renderTo, heal } = session.settings;
  if (!serverSideApply || renderTo !== undefined || hasUnknown(request.news) || !(isChanged || heal)) return undefined;
  try {
    return await liveDifference(session, request);
  } catch (error) {
    if (isChanged) return undefined;
    throw refused(error, asObject(request.news));
  }
}

/** The annotation asks for a new Job in the place of one that did not end well. */
async function isUnreadyJob(session: Session, { urn, news }: DiffRequest, wanted: ValueMap): Promise<boolean> {
  if (!isAnnotated(wanted, 'replaceUnready') || hasUnknown(news)) return false;
  const { cluster, engine, signal } = session;
  const tell = (text: string): Promise<void> => engine.tell({ urn, severity: 'warning', text });
  if (wanted['kind'] !== 'Job') {
    await tell('the annotation pulumi.com/replaceUnready means something for a Job alone');
    return false;
  }
  const object = asObject(news);
  try {
    const resource = await cluster.find(object);
    if (resource === undefined) return false;
    const { name, namespace } = object.metadata;
    const live = await getObject({ transport: await cluster.transport(), resource, name, namespace, signal });
    return live !== undefined && healthOf(live).status !== 'current';
  } catch (error) {
    if (!isUnreachable(error)) throw refused(error, object, 'get');
    await tell(`${messageOf(error)}: whether the Job is to be replaced was not looked at`);
    return false;
  }
}

/** The new object would have the name of the old one, which no random end tells apart. */
function takesTheName(before: ValueMap, after: ValueMap): boolean {
  const name = knownName(after);
  if (name === undefined || isAutonamed(after) || name !== knownName(before)) return false;
  return isEqual(metadataOf(before)['namespace'], metadataOf(after)['namespace']);
}
