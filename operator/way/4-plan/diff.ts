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
const keysOfLists = ['name', 'key', 'type', 'ip', 'containerPort', 'port', 'mountPath'] as const;
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
  if (isMap(before) && isMap(after)) {
    for (const key of new Set([...Object.keys(before), ...Object.keys(after)])) {
      if (place.path === 'metadata' && serverSide.has(key)) continue;
      const path = /^[A-Za-z_][\w-]*$/.test(key) ? `${place.path}.${key}` : `${place.path}["${key}"]`;
      compare({ path, pointer: `${place.pointer}/${escape(key)}` }, before[key], after[key], changes);
    }
    return;
  }
  if (!same(before, after)) changes.push({ ...place, from: before, to: after });
}

function compareLists(
  place: Place,
  before: readonly unknown[],
  after: readonly unknown[],
  changes: FieldChange[],
): void {
  const key = listKey([...before, ...after]);
  if (key === undefined) {
    if (!same(before, after)) changes.push({ ...place, from: before, to: after });
    return;
  }
  const index = new Map(before.map((item, position) => [String((item as Record<string, unknown>)[key]), position]));
  const seen = new Set<string>();
  for (const item of after) {
    const id = String((item as Record<string, unknown>)[key]);
    seen.add(id);
    const position = index.get(id);
    const next = { path: `${place.path}[${key}=${id}]`, pointer: `${place.pointer}/${position ?? '-'}` };
    compare(next, position === undefined ? undefined : before[position], item, changes);
  }
  for (const [id, position] of index) {
    if (seen.has(id)) continue;
    changes.push({
      path: `${place.path}[${key}=${id}]`,
      pointer: `${place.pointer}/${position}`,
      from: before[position],
      to: undefined,
    });
  }
}

/** The field that tells the items of a list apart, as in the API's list-map keys; undefined for lists of values. */
function listKey(items: readonly unknown[]): string | undefined {
  return keysOfLists.find((key) => {
    const ids = items.map((item) => (isMap(item) ? item[key] : undefined));
    return ids.length > 0 && ids.every((id) => typeof id === 'string' || typeof id === 'number');
  });
}

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
