/** Reads `managedFields`: which manager owns which path, written the way people write paths. */
import { fieldManager } from './digest.ts';
import type { KubeObject, ManagedFields } from './object.ts';

type Fields = Readonly<Record<string, unknown>>;

/** `spec.template.spec.containers[name=web].image` for every leaf of a fieldsV1 set. */
export function fieldPaths(fields: Fields | undefined): string[] {
  const paths: string[] = [];
  if (fields !== undefined) collect(fields, '', paths);
  return paths;
}

function collect(fields: Fields, prefix: string, paths: string[]): void {
  const children = Object.keys(fields).filter((key) => key !== '.');
  if (children.length === 0 && prefix !== '') paths.push(prefix);
  for (const key of children) collect(fields[key] as Fields, join(prefix, key), paths);
}

function join(prefix: string, key: string): string {
  if (key.startsWith('f:')) {
    const name = key.slice(2);
    if (!/^[A-Za-z_][\w-]*$/.test(name)) return `${prefix}["${name}"]`;
    return prefix === '' ? name : `${prefix}.${name}`;
  }
  if (key.startsWith('k:')) {
    const parts = Object.entries(JSON.parse(key.slice(2)) as Fields).map(([name, value]) => `${name}=${String(value)}`);
    return `${prefix}[${parts.join(',')}]`;
  }
  return `${prefix}[${key.slice(2)}]`;
}

/** Managers that own the path, something below it, or the list item above it; the newest entry first. */
export function managersOf({ metadata }: KubeObject, path: string): string[] {
  const wanted = normal(path);
  return [...(metadata.managedFields ?? [])]
    .filter(({ subresource }) => subresource !== 'status')
    .filter((entry) => fieldPaths(entry.fieldsV1).some((owned) => covers(normal(owned), wanted)))
    .sort((a, b) => (b.time ?? '').localeCompare(a.time ?? ''))
    .map(({ manager }) => manager ?? 'unknown');
}

/** `ports[containerPort=80,protocol=TCP]` and `ports[containerPort=80]` are one place: only the first key counts. */
const normal = (path: string): string => path.replace(/\[(\w+=[^,\]]*),[^\]]*\]/g, '[$1]');

const covers = (owned: string, wanted: string): boolean =>
  owned === wanted ||
  owned.startsWith(`${wanted}.`) ||
  owned.startsWith(`${wanted}[`) ||
  wanted.startsWith(`${owned}.`) ||
  wanted.startsWith(`${owned}[`);

const clientSideManagers = new Set(['kubectl-client-side-apply', 'before-first-apply']);
export const lastApplied = 'kubectl.kubernetes.io/last-applied-configuration';

/**
 * The entries of an object after those of former writers became part of ours, as client-go's csaupgrade does;
 * undefined when there are none.
 */
export function mergeEntries(
  entries: readonly ManagedFields[],
  manager: string,
  isFormer: (entry: ManagedFields) => boolean = isClientSide,
): ManagedFields[] | undefined {
  const ours = entries.find((entry) => entry.manager === manager && entry.operation === 'Apply' && !entry.subresource);
  const old = entries.filter((entry) => entry !== ours && isFormer(entry));
  if (old.length === 0) return undefined;
  const rest = entries.filter((entry) => entry !== ours && !old.includes(entry));
  const base = ours ?? { ...old[0], manager, operation: 'Apply' as const };
  const fieldsV1 = old.reduce<Fields>((sum, { fieldsV1: more = {} }) => union(sum, more), ours?.fieldsV1 ?? {});
  return [...rest, { ...base, fieldsV1: without(fieldsV1, ['f:metadata', 'f:annotations', `f:${lastApplied}`]) }];
}

export const isClientSide = ({ manager, operation, subresource }: ManagedFields): boolean =>
  clientSideManagers.has(manager ?? '') && operation === 'Update' && !subresource;

function union(a: Fields, b: Fields): Fields {
  const result: Record<string, unknown> = { ...a };
  for (const [key, value] of Object.entries(b)) {
    const mine = result[key];
    result[key] = mine === undefined ? value : union(mine as Fields, value as Fields);
  }
  return result;
}

function without(fields: Fields, path: readonly string[]): Fields {
  const [key, ...rest] = path;
  if (key === undefined || fields[key] === undefined) return fields;
  const copy: Record<string, unknown> = { ...fields };
  if (rest.length === 0) Reflect.deleteProperty(copy, key);
  else copy[key] = without(fields[key] as Fields, rest);
  return copy;
}

/** Whether nobody wrote to the object before our own first apply, as far as `managedFields` tells. */
export function isFirstManager({ metadata }: KubeObject): boolean {
  const entries = (metadata.managedFields ?? []).filter(({ subresource }) => !subresource);
  const ours = entries.find(({ manager, operation }) => manager === fieldManager && operation === 'Apply');
  if (ours === undefined) return false;
  const time = ours.time ?? '';
  return time === metadata.creationTimestamp || entries.every((entry) => entry === ours || (entry.time ?? '') >= time);
}
