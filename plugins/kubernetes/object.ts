/** Inputs of a resource as the object that is sent, and live objects as outputs; the operator's marks are in neither. */
import { annotations as marks, labels } from '#api';
import type { KubeObject } from '#kube';
import { failure } from '#runtime';
import { canonical } from './canonical.ts';
import { isList, isMap, isUnknown, reveal, type Value, type ValueMap } from './property.ts';
import type { Owner } from './settings.ts';

/** Set by the API server; an input that came from a file or an import may still carry them. */
const serverSet = [
  'creationTimestamp',
  'deletionGracePeriodSeconds',
  'deletionTimestamp',
  'generation',
  'managedFields',
  'resourceVersion',
  'selfLink',
  'uid',
];

/** Pulumi's SDKs can not say a dash in a name: `x_kubernetes_list_type`. */
const dashed = [
  'embedded-resource',
  'int-or-string',
  'list-map-keys',
  'list-type',
  'map-type',
  'preserve-unknown-fields',
  'validations',
].map((name) => `x-kubernetes-${name}`);
const toDashes = new Map(dashed.map((name) => [name.replaceAll('-', '_'), name]));
const toUnderscores = new Map(dashed.map((name) => [name, name.replaceAll('-', '_')]));

const isDefinition = (object: ValueMap): boolean => object['kind'] === 'CustomResourceDefinition';

function renamed(value: Value, names: ReadonlyMap<string, string>): Value {
  if (isList(value)) return value.map((each) => renamed(each, names));
  if (!isMap(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [names.get(key) ?? key, renamed(each, names)]));
}

/** Inputs without secrets' wrappings and what the API server sets; unknowns stay. */
export function bare(inputs: ValueMap): ValueMap {
  const shown = reveal(inputs) as ValueMap;
  const object = isDefinition(shown) ? (renamed(shown, toDashes) as ValueMap) : shown;
  const { metadata } = object;
  if (!isMap(metadata) || !serverSet.some((field) => field in metadata)) return object;
  const kept = Object.entries(metadata).filter(([field]) => !serverSet.includes(field));
  return { ...object, metadata: Object.fromEntries(kept) };
}

/** @throws Failure ObjectInvalid when the inputs lack what every object needs */
export function asObject(inputs: ValueMap): KubeObject {
  const object = bare(inputs);
  const { apiVersion, kind, metadata } = object;
  const name = isMap(metadata) ? metadata['name'] : undefined;
  if (typeof apiVersion !== 'string' || typeof kind !== 'string' || typeof name !== 'string' || name === '') {
    throw failure('ObjectInvalid', {
      what: 'this is no Kubernetes object',
      expected: 'apiVersion, kind and metadata.name as texts',
      found: JSON.stringify({ apiVersion, kind, name: isUnknown(name) ? 'not known yet' : name }),
    });
  }
  return object as unknown as KubeObject;
}

/**
 * The object as it is sent: what the API server would store otherwise in the form that it stores, since fields that are
 * sent in another form have no owner; for a stack of the operator with the labels by which it is watched.
 */
export function stamped(wanted: KubeObject, owner: Owner | undefined, urn: string): KubeObject {
  const object = canonical(wanted as unknown as ValueMap) as unknown as KubeObject;
  if (owner === undefined) return object;
  const { metadata } = object;
  const own = { [labels.stack]: owner.name, [labels.stackNamespace]: owner.namespace };
  return {
    ...object,
    metadata: {
      ...metadata,
      labels: { ...metadata.labels, ...own },
      annotations: { ...metadata.annotations, [marks.urn]: urn },
    },
  };
}

/** Whether an earlier run of the same stack made it for the same resource. */
export function isStamped({ metadata }: KubeObject, owner: Owner | undefined, urn: string): boolean {
  return (
    owner !== undefined &&
    metadata.labels?.[labels.stack] === owner.name &&
    metadata.labels[labels.stackNamespace] === owner.namespace &&
    metadata.annotations?.[marks.urn] === urn
  );
}

/** A live object without the operator's marks, and without managedFields, which are as long as the rest. */
export function unmarked(live: KubeObject): ValueMap {
  const { managedFields: _, labels: allLabels, annotations: allAnnotations, ...rest } = live.metadata;
  const metadata = {
    ...rest,
    ...without('labels', allLabels, [labels.stack, labels.stackNamespace]),
    ...without('annotations', allAnnotations, [marks.urn]),
  };
  return { ...live, metadata } as unknown as ValueMap;
}

/** A live object as outputs, with the names that the SDKs know. */
export function asOutputs(live: KubeObject): ValueMap {
  const outputs = unmarked(live);
  return isDefinition(outputs) ? (renamed(outputs, toUnderscores) as ValueMap) : outputs;
}

function without(
  field: string,
  map: Readonly<Record<string, string>> | undefined,
  keys: readonly string[],
): Record<string, unknown> {
  if (map === undefined) return {};
  if (!keys.some((key) => key in map)) return { [field]: map };
  const kept = Object.entries(map).filter(([key]) => !keys.includes(key));
  return kept.length === 0 ? {} : { [field]: Object.fromEntries(kept) };
}

/** `namespace/name`, `name` */
export const idOf = ({ metadata }: KubeObject): string =>
  metadata.namespace === undefined ? metadata.name : `${metadata.namespace}/${metadata.name}`;

/** As {@link idOf}, of inputs; '' when they have no name. */
export function idIn(inputs: ValueMap): string {
  const { metadata } = bare(inputs);
  const { name, namespace } = isMap(metadata) ? metadata : {};
  if (typeof name !== 'string') return '';
  return typeof namespace === 'string' && namespace !== '' ? `${namespace}/${name}` : name;
}

export function parseId(id: string): { readonly namespace: string | undefined; readonly name: string } {
  const slash = id.indexOf('/');
  return slash < 0 ? { namespace: undefined, name: id } : { namespace: id.slice(0, slash), name: id.slice(slash + 1) };
}
