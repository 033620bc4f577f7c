/** Fields that Git sets at first and others may change later: `spec.drift.ignore`. */
import { parseKey, type KubeObject, type ObjectKey } from '#kube';

export interface IgnoreRule {
  readonly pointers: readonly string[];
  matches(key: ObjectKey): boolean;
}

interface IgnoreSpec {
  readonly target?: {
    readonly group?: string;
    readonly kind?: string;
    readonly name?: string;
    readonly namespace?: string;
  };
  readonly pointers: readonly string[];
}

export function ignoreRules(specs: readonly IgnoreSpec[] = []): IgnoreRule[] {
  return specs.map(({ target = {}, pointers }) => ({
    pointers,
    matches: (key) => {
      const parts = parseKey(key);
      return (['group', 'kind', 'name', 'namespace'] as const).every(
        (field) => target[field] === undefined || target[field] === (parts[field] ?? ''),
      );
    },
  }));
}

/** Whether a changed place lies at or below an ignored pointer. */
export const isIgnored = (pointer: string, rules: readonly IgnoreRule[]): boolean =>
  rules.some(({ pointers }) => pointers.some((ignored) => pointer === ignored || pointer.startsWith(`${ignored}/`)));

/** The wanted object with the live values at the ignored pointers, so that applying it leaves them alone. */
export function adoptIgnored(wanted: KubeObject, live: KubeObject, rules: readonly IgnoreRule[]): KubeObject {
  const pointers = rules.flatMap((rule) => rule.pointers);
  if (pointers.length === 0) return wanted;
  const copy = structuredClone(wanted);
  for (const pointer of pointers) {
    const path = pointer
      .slice(1)
      .split('/')
      .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'));
    const value = path.reduce<unknown>((node, part) => childOf(node, part), live);
    replace(copy, path, value);
  }
  return copy;
}

/** What to send of an object of which some fields are left to others; undefined when none are. */
export function leaveIgnored(
  rules: readonly IgnoreRule[],
  key: ObjectKey,
): ((wanted: KubeObject, live: KubeObject) => KubeObject) | undefined {
  const own = rules.filter((rule) => rule.matches(key));
  return own.length === 0 ? undefined : (wanted, live) => adoptIgnored(wanted, live, own);
}

function childOf(node: unknown, part: string): unknown {
  if (typeof node !== 'object' || node === null) return undefined;
  return (node as Record<string, unknown>)[part];
}

/** Sets or removes a place whose parent exists; a pointer into nothing changes nothing. */
function replace(root: KubeObject, path: readonly string[], value: unknown): void {
  const last = path.at(-1);
  const parent = path.slice(0, -1).reduce<unknown>((node, part) => childOf(node, part), root);
  if (last === undefined || typeof parent !== 'object' || parent === null) return;
  const target = parent as Record<string, unknown>;
  if (value === undefined) Reflect.deleteProperty(target, last);
  else target[last] = value;
}
