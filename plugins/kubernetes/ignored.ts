/** What `ignoreChanges` asks for at server-side apply: a field that somebody else keeps is left to them, one of ours stays as it is. */
import { managersOf, type KubeObject } from '#kube';
import { parsePath, type PathStep } from './property-path.ts';

interface Ignored {
  readonly manager: string;
  /** As the program wrote them: `spec.replicas`. */
  readonly paths: readonly string[];
}

export function leaveIgnored(object: KubeObject, live: KubeObject, { manager, paths }: Ignored): KubeObject {
  let result: unknown = object;
  for (const text of paths) {
    const path = parsePath(text);
    const managers = managersOf(live, text);
    const value = managers.length > 0 && !managers.includes(manager) ? undefined : valueAt(live, path);
    // A field that nobody has is made as the program says.
    if (value === undefined && managers.length === 0) continue;
    result = withValueAt(result, path, value);
  }
  return result as KubeObject;
}

function valueAt(value: unknown, path: readonly PathStep[]): unknown {
  return path.reduce<unknown>(
    (inner, step) =>
      typeof inner === 'object' && inner !== null ? (inner as Record<PathStep, unknown>)[step] : undefined,
    value,
  );
}

/** A copy in which the place holds the value, or nothing when it is undefined; wanted as it is where the place is not there. */
function withValueAt(target: unknown, [step, ...rest]: readonly PathStep[], value: unknown): unknown {
  if (step === undefined || typeof target !== 'object' || target === null) return target;
  const inner = (target as Record<PathStep, unknown>)[step];
  if (Array.isArray(target)) {
    const index = Number(step);
    if (!(index in target)) return target;
    if (rest.length === 0 && value === undefined) return target.filter((_, at) => at !== index);
    return target.map((each: unknown, at) =>
      at !== index ? each : rest.length === 0 ? value : withValueAt(each, rest, value),
    );
  }
  if (rest.length > 0) return inner === undefined ? target : { ...target, [step]: withValueAt(inner, rest, value) };
  const { [step]: _, ...others } = target as Record<PathStep, unknown>;
  return value === undefined ? others : { ...others, [step]: value };
}
