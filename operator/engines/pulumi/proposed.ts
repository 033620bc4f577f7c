/** Makes of a preview what a Plan shows and is approved: one change a resource, and the identity of each. */
import { stackKey, type InventoryStore, type Observed } from '#apply';
import { fullDigestOf, groupKindOf, keyOf, type Discovery, type ObjectKey } from '#kube';
import { showValue } from '#plan';
import type { ProposedAction, ProposedChange, ProposedField } from '#values';
import type { EngineContext } from '../engine.ts';
import type { Ended } from './operation.ts';
import { isOnlyPulumi, namesOf } from './resources.ts';
import { nameOf } from './run/repair.ts';
import { urnParts } from './urn.ts';
import type { MadeObject, PlanFile, PlannedResource, RunReport, StateResource, Step } from './values.ts';

/** What was found out of a content. */
export interface Previewed {
  /** Of what was previewed. */
  readonly content: string;
  readonly ended: Ended;
  readonly plan: PlanFile;
  /** The live objects when it began: {@link liveStates}. */
  readonly live: ReadonlyMap<string, string>;
  /** URNs of what stays in the world when the program does not name it any more. */
  readonly retain: readonly string[];
}

export interface LiveObjects {
  get(key: ObjectKey): Pick<Observed, 'uid' | 'seen'> | undefined;
}

/**
 * Of each object of the stack: that it is there, and as it was left. What others have changed since makes another state;
 * when it is put back it is the first one again.
 */
export function liveStates(
  stack: string,
  inventory: Pick<InventoryStore, 'of'>,
  observed: LiveObjects,
): Map<string, string> {
  const states = [...inventory.of(stack)].map(([key, { seen }]) => {
    const live = observed.get(key);
    if (live === undefined) return [key, 'absent'] as const;
    return [key, `${live.uid} ${live.seen === seen ? '' : live.seen}`] as const;
  });
  return new Map<string, string>(states);
}

/**
 * Live objects that the plan changes, and that are not any more what it was made against. Where each run begins with a
 * refresh, it puts back whatever it finds: then these are all objects of the stack.
 */
export function movedOn({ ended, plan, live }: Previewed, context: EngineContext): string[] {
  const { stack, of, inventory, observed } = context;
  const now = liveStates(stackKey(stack), inventory, observed);
  const nameOfUrn = namesOf(ended.before);
  const putsBackAll = of.spec.pulumi?.refresh === 'beforeRun';
  const touched = putsBackAll ? [...live.keys(), ...now.keys()] : changingIn(plan).map(([urn]) => nameOfUrn(urn));
  return [...new Set(touched)].filter((key) => live.get(key) !== now.get(key));
}

const actions: Readonly<Record<string, ProposedAction>> = {
  create: 'create',
  update: 'update',
  delete: 'delete',
  replace: 'replace',
  'create-replacement': 'replace',
  'delete-replaced': 'replace',
  import: 'import',
  'import-replacement': 'replace',
};

/** The operations of a resource in one word; undefined when it stays as it is. */
function actionOf({ operations }: PlannedResource): ProposedAction | undefined {
  const found = operations.flatMap((operation) => actions[operation] ?? []);
  return found.includes('replace') ? 'replace' : found[0];
}

/** What is neither Pulumi's own nor stays as it is. */
const changingIn = (plan: PlanFile): [string, PlannedResource][] =>
  [...plan].filter(([urn, planned]) => !isOnlyPulumi(urnParts(urn).type) && actionOf(planned) !== undefined);

/**
 * Why the API server would refuse objects, by URN. A preview that came to its end has told no other errors: those of the
 * program and the engine end it.
 */
export function refusalsIn({ diagnostics }: Pick<RunReport, 'diagnostics'>): ReadonlyMap<string, string> {
  const errors = diagnostics.filter(({ severity, urn }) => severity === 'error' && isObject(urn));
  return new Map(errors.map(({ urn, message }) => [urn, message]));
}

const isObject = (urn: string): boolean => urn !== '' && urnParts(urn).type.startsWith('kubernetes:');

/** In the order of the update; the last one, which nobody sees, is of what the program says beside. */
export async function changesOf(
  previewed: Previewed,
  discovery: Discovery,
  namespace: string,
): Promise<ProposedChange[]> {
  const { ended, plan } = previewed;
  const refusals = refusalsIn(ended.report);
  const byUrn = Map.groupBy(ended.report.steps, ({ urn }) => urn);
  const order = new Map([...byUrn.keys()].map((urn, index) => [urn, index]));
  const placeOf = ([urn]: readonly [string, PlannedResource]): number => order.get(urn) ?? order.size;
  const changing = changingIn(plan).sort((a, b) => placeOf(a) - placeOf(b));
  const keyOfUrn = namesOf(ended.before);
  const changes: ProposedChange[] = [];
  for (const [urn, planned] of changing) {
    const one = { urn, planned, steps: byUrn.get(urn) ?? [], refused: refusals.get(urn) };
    changes.push(await changeOf(one, { previewed, keyOfUrn, discovery, namespace }));
  }
  const providers = [...plan].flatMap(([urn, planned]) => providerChange(urn, planned) ?? []);
  const shown = new Set(changing.map(([urn]) => urn));
  const rest = [...plan].filter(([urn]) => !shown.has(urn)).map(([urn, { digest }]) => [urn, digest]);
  const identity = fullDigestOf(['pulumi', rest.sort()]);
  return [...providers, ...changes, { object: 'outputs and the rest', action: 'update', fields: [], identity }];
}

interface Making {
  readonly previewed: Previewed;
  /** Of what the state holds; other URNs stay as they are. */
  readonly keyOfUrn: (urn: string) => string;
  readonly discovery: Discovery;
  /** Of the ServiceAccount, for objects that name none. */
  readonly namespace: string;
}

interface Changing {
  readonly urn: string;
  readonly planned: PlannedResource;
  /** What the engine told of it, a refresh before included. */
  readonly steps: readonly Step[];
  readonly refused: string | undefined;
}

async function changeOf(
  { urn, planned, steps, refused }: Changing,
  { previewed, keyOfUrn, discovery, namespace }: Making,
): Promise<ProposedChange> {
  const { content, ended, live, retain } = previewed;
  const isKept = retain.includes(urn);
  const isForgotten = isKept || steps.some(({ operation }) => operation === 'forget');
  const action = isForgotten ? 'forget' : (actionOf(planned) ?? 'update');
  const made = steps.find((step) => step.made !== undefined)?.made;
  const known = keyOfUrn(urn);
  const key = made === undefined ? known : await keyOfMade(made, discovery, namespace);
  const object = key === urn ? nameOf(urn) : key;
  const state = live.get(known) ?? worldState(ended.before.find((resource) => resource.urn === urn));
  const sealedIn = planned.sealed ? content : '';
  const note = noteOf(action, isKept);
  // How full a quota is comes and goes.
  const why = refused === undefined ? [] : [refused.replaceAll(/\d+/g, '')];
  return {
    object,
    action,
    fields: steps.findLast(({ fields }) => fields.length > 0)?.fields.map(fieldFor(key)) ?? [],
    ...(refused === undefined ? {} : { refused }),
    ...(note === undefined ? {} : { note }),
    identity: fullDigestOf(['pulumi', urn, action, planned.digest, sealedIn, state, ...why]),
  };
}

function noteOf(action: ProposedAction, isKept: boolean): string | undefined {
  if (action === 'delete') return 'not in the program any more';
  if (action === 'forget') return `stays in the cluster: ${isKept ? 'spec.prune is false' : 'retainOnDelete'}`;
  return undefined;
}

async function keyOfMade(made: MadeObject, discovery: Discovery, namespace: string): Promise<ObjectKey> {
  const kind = groupKindOf(made);
  const resource = await discovery.resource(kind);
  const own = made.metadata.namespace ?? (resource?.namespaced === true ? namespace : undefined);
  return keyOf(kind, resource?.namespaced === false ? undefined : own, made.metadata.name);
}

/** What no watch shows is as the state has it; what is sealed there is left out. */
const worldState = (resource: StateResource | undefined): string =>
  resource === undefined ? '' : fullDigestOf([resource.id, withoutSealed(resource.outputs)]);

function withoutSealed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutSealed);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, inner]) => (key === 'ciphertext' ? [] : [[key, withoutSealed(inner)]])),
  );
}

const mask = '***';

function fieldFor(key: string): (field: Step['fields'][number]) => ProposedField {
  const isSecret = /^Secret\//.test(key);
  return ({ path, from, to }) => {
    if (isSecret && holdsValues.test(path)) return { path, from: mask, to: mask };
    return { path, from: shown(from), to: shown(to) };
  };
}

/** Of a Secret that the program does not mark as one; kubectl keeps a copy in an annotation. */
const holdsValues =
  /^(data|stringData)(\.|\[|$)|^metadata\.annotations(\["kubectl\.kubernetes\.io\/last-applied-configuration"\])?$/;

/** The engine's mark of what is known when it is applied only: sdk/go/common/resource/plugin/rpc.go. */
const unknown = /04da6b54-80e4-46f7-96ec-b56ff0331ba9/g;

const shown = (value: unknown): string =>
  showValue(value).replaceAll('[secret]', mask).replaceAll(unknown, '<known when applied>');

/** A provider says where all of its resources are: what is changed of it is told, without values, which are credentials. */
function providerChange(urn: string, planned: PlannedResource): ProposedChange | undefined {
  const { type, name } = urnParts(urn);
  if (!type.startsWith('pulumi:providers:') || name.startsWith('default')) return undefined;
  const { properties, digest } = planned;
  const action = actionOf(planned);
  if (action === undefined) return undefined;
  const fields = properties.map((path) => ({ path, from: mask, to: mask }));
  return { object: nameOf(urn), action, fields, identity: fullDigestOf(['pulumi', urn, action, digest]) };
}
