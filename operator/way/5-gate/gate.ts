/** May a stack go now? Open, or closed with what will open it. Pure. */
import { failure, waiting, type Waiting } from '#runtime';

/** A stack as its neighbours see it. */
export interface Neighbour {
  readonly key: string;
  readonly ready: boolean;
  /** It has applied what it wants now. */
  readonly upToDate: boolean;
  readonly applied: string | undefined;
  readonly wanted: string | undefined;
  readonly message: string;
  readonly dependsOn: readonly string[];
}

export interface GateInput {
  readonly stack: string;
  readonly dependsOn: readonly string[];
  /** Any stack by its key, this one too; only those that the dependencies lead to are asked for. */
  readonly neighbour: (key: string) => Neighbour | undefined;
}

export type Gate = { readonly open: true } | Waiting;

/** @throws Failure DependencyCycle naming the circle. */
export function gate({ stack, dependsOn, neighbour: stackOf }: GateInput): Gate {
  if (dependsOn.length === 0) return { open: true };
  const circle = findCircle(stack, stackOf);
  if (circle !== undefined) {
    throw failure('DependencyCycle', {
      where: 'spec.dependsOn',
      what: `stacks depend on each other in a circle: ${circle.join(' -> ')}`,
      remedy: 'remove one of these dependencies',
    });
  }
  for (const key of dependsOn) {
    const wakes = [{ on: 'object', kind: 'Stack', key }] as const;
    const neighbour = stackOf(key);
    if (neighbour === undefined) return waiting('DependencyNotFound', `stack ${key} does not exist`, wakes);
    if (!neighbour.upToDate) {
      const at = neighbour.applied === undefined ? 'has applied nothing yet' : `is at ${neighbour.applied}`;
      return waiting('DependencyNotReady', `stack ${key} ${at}, needs ${neighbour.wanted ?? 'a revision'}`, wakes);
    }
    if (!neighbour.ready)
      return waiting('DependencyNotReady', `stack ${key} is not ready: ${neighbour.message}`, wakes);
  }
  return { open: true };
}

/** The way from the stack back to itself, if there is one. */
function findCircle(start: string, stackOf: GateInput['neighbour']): string[] | undefined {
  const visited = new Set<string>();
  const visit = (key: string, path: readonly string[]): string[] | undefined => {
    for (const next of stackOf(key)?.dependsOn ?? []) {
      if (next === start) return [...path, next];
      if (visited.has(next)) continue;
      visited.add(next);
      const found = visit(next, [...path, next]);
      if (found !== undefined) return found;
    }
    return undefined;
  };
  return visit(start, [start]);
}
