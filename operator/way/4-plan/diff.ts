/** Names the fields in which two objects differ, the way people write paths. Pure; values of Secrets are masked. */
import type { KubeObject } from '#kube';

export interface FieldChange {
  /** `spec.template.spec.containers[name=web].image` */
  readonly path: string;
  /** RFC 6901 pointer into the first object's lists by index. */
  readonly pointer: string;
  readonly from: unknown;
  readonly to: unknown;
}

/** Set by the API server or by controllers, never by Git. */
const serverSide = new Set(['managedFields', 'resourceVersion', 'generation', 'uid', 'creationTimestamp', 'selfLink']);
const keysOfLists: readonly (readonly string[])[] = [
  ['name'],
  ['key'],
  ['type'],
  ['ip'],
  ['containerPort'],
  ['containerPort', 'protocol'],
  ['port'],
  ['port', 'protocol'],
  ['mountPath'],
];
const mask = '***';

/** Every field that differs between two states of one object, `status` and server-set metadata left out. */
export function changedFields(before: KubeObject, after: KubeObject): FieldChange[] {
  const changes: FieldChange[] = [];
  const secret = before.kind === 'Secret' && before.apiVersion === 'v1';
  for (const field of new Set([...Object.keys(before), ...Object.keys(after)])) {
    if (field === 'status' || field === 'apiVersion' || field === 'kind') continue;
    const start = changes.length;
    compare({ path: field, pointer: `/${escape(field)}` }, before[field], after[field], changes);
    if (!secret) continue;
    const found = changes.splice(start, Infinity);
    changes.push(...found.map((change) => (holdsValues(change) ? masked(change) : change)));
  }
  return changes;
}

/** kubectl keeps a copy of what it applied, values and all, in an annotation. */
const holdsValues = ({ pointer }: FieldChange): boolean =>
  /^\/(data|stringData)(\/|$)/.test(pointer) || `${copyOfValues}/`.startsWith(`${pointer}/`);
const copyOfValues = '/metadata/annotations/kubectl.kubernetes.io~1last-applied-configuration';

const masked = (change: FieldChange): FieldChange => ({ ...change, from: mask, to: mask });

interface Place {
  readonly path: string;
  readonly pointer: string;
}

function compare(place: Place, before: unknown, after: unknown, changes: FieldChange[]): void {
  if (Array.isArray(before) && Array.isArray(after)) return compareLists(place, before, after, changes);
  if (isMap(before) && isMap(after)) return compareMaps(place, before, after, changes);
  // The first label, the last annotation: its key tells more than the name of the map that comes or goes with it.
  if (before === undefined && isFlat(after)) return compareMaps(place, {}, after, changes);
  if (after === undefined && isFlat(before)) return compareMaps(place, before, {}, changes);
  if (!same(before, after)) changes.push({ ...place, from: before, to: after });
}

type Fields = Readonly<Record<string, unknown>>;

function compareMaps(place: Place, before: Fields, after: Fields, changes: FieldChange[]): void {
  for (const key of new Set([...Object.keys(before), ...Object.keys(after)])) {
    if (place.path === 'metadata' && serverSide.has(key)) continue;
    const path = /^[A-Za-z_][\w-]*$/.test(key) ? `${place.path}.${key}` : `${place.path}["${key}"]`;
    compare({ path, pointer: `${place.pointer}/${escape(key)}` }, before[key], after[key], changes);
  }
}

/** A map of plain values, and not an empty one. */
function isFlat(value: unknown): value is Fields {
  if (!isMap(value)) return false;
  const values = Object.values(value);
  return values.length > 0 && values.every((each) => typeof each !== 'object' || each === null);
}

function compareLists(
  place: Place,
  before: readonly unknown[],
  after: readonly unknown[],
  changes: FieldChange[],
): void {
  const keys = listKeys(before, after);
  if (keys === undefined) {
    if (!same(before, after)) changes.push({ ...place, from: before, to: after });
    return;
  }
  const index = new Map(before.map((item, position) => [idOf(item, keys), position]));
  const seen = new Set<string>();
  for (const item of after) {
    const id = idOf(item, keys);
    seen.add(id);
    const position = index.get(id);
    const next = { path: `${place.path}[${id}]`, pointer: `${place.pointer}/${position ?? '-'}` };
    compareItems(next, position === undefined ? undefined : before[position], item, changes);
  }
  for (const [id, position] of index) {
    if (seen.has(id)) continue;
    const next = { path: `${place.path}[${id}]`, pointer: `${place.pointer}/${position}` };
    compareItems(next, before[position], undefined, changes);
  }
}

/** An item that comes or goes is named as a whole. */
function compareItems(place: Place, before: unknown, after: unknown, changes: FieldChange[]): void {
  if (before === undefined || after === undefined) changes.push({ ...place, from: before, to: after });
  else compare(place, before, after, changes);
}

/** The fields that tell the items of both lists apart, as in the API's list-map keys; undefined where none do. */
function listKeys(before: readonly unknown[], after: readonly unknown[]): readonly string[] | undefined {
  return keysOfLists.find(
    (keys) =>
      [...before, ...after].every((item) => isMap(item) && isName(item[keys[0] ?? ''])) &&
      [before, after].every((items) => new Set(items.map((item) => idOf(item, keys))).size === items.length),
  );
}

const isName = (value: unknown): boolean => typeof value === 'string' || typeof value === 'number';

/** `name=web`, `containerPort=53,protocol=UDP` */
const idOf = (item: unknown, keys: readonly string[]): string =>
  keys
    .filter((key) => isMap(item) && isName(item[key]))
    .map((key) => `${key}=${String((item as Fields)[key])}`)
    .join(',');

const isMap = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const escape = (key: string): string => key.replaceAll('~', '~0').replaceAll('/', '~1');

function same(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (Array.isArray(a) && Array.isArray(b))
    return a.length === b.length && a.every((item, index) => same(item, b[index]));
  if (!isMap(a) || !isMap(b)) return false;
  const keys = Object.keys(a);
  return keys.length === Object.keys(b).length && keys.every((key) => same(a[key], b[key]));
}

const longestValue = 200;

/** A value of a field, short enough for a line. */
export function showValue(value: unknown): string {
  if (value === undefined) return 'absent';
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return text.length > longestValue ? `${text.slice(0, longestValue)}…` : text;
}
