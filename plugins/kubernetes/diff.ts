/**
 * Diff: old inputs, old outputs (both as kept in the state) and checked new inputs in; changed paths out, each with
 * whether it asks for a replacement. Asks the API server nothing: what drifted is seen after a refresh.
 */
import { bare } from './object.ts';
import { isAutonamed, knownName } from './names.ts';
import { isList, isMap, type Value } from './property.ts';
import { inputsIn } from './checkpoint.ts';
import type { ChangeKind, DiffRequest, DiffResult, PropertyChange } from './requests.ts';
import type { Session } from './session.ts';

// eslint-disable-next-line @typescript-eslint/require-await
export async function diff(_session: Session, request: DiffRequest): Promise<DiffResult> {
  const olds = bare(inputsIn(request));
  const news = bare(request.news);
  const changes: PropertyChange[] = [];
  compare('', olds, news, changes);
  const kept = changes.filter(({ path }) => !request.ignoreChanges.some((ignored) => isWithin(path, ignored)));
  const replaces = kept.some((change) => change.replaces);
  const sameName = knownName(olds) !== undefined && knownName(olds) === knownName(news);
  return { changes: kept, deleteBeforeReplace: replaces && sameName && !isAutonamed(news) };
}

const identity = new Set(['apiVersion', 'kind', 'metadata.name', 'metadata.namespace']);

const isWithin = (path: string, ignored: string): boolean =>
  path === ignored || path.startsWith(`${ignored}.`) || path.startsWith(`${ignored}[`);

function compare(path: string, before: Value | undefined, after: Value | undefined, changes: PropertyChange[]): void {
  const push = (kind: ChangeKind): void => void changes.push({ path, kind, replaces: identity.has(path) });
  if (before === undefined && after !== undefined) return push('add');
  if (before !== undefined && after === undefined) return push('delete');
  if (isMap(before) && isMap(after)) {
    for (const key of new Set([...Object.keys(before), ...Object.keys(after)])) {
      compare(join(path, key), before[key], after[key], changes);
    }
  } else if (isList(before) && isList(after)) {
    for (let index = 0; index < Math.max(before.length, after.length); index += 1) {
      compare(`${path}[${index}]`, before[index], after[index], changes);
    }
  } else if (before !== after) push('update');
}

function join(path: string, key: string): string {
  if (/[."[\]]/.test(key)) return `${path}["${key.replaceAll('"', '\\"')}"]`;
  return path === '' ? key : `${path}.${key}`;
}
