/** Gauges that are read when somebody asks for the metrics, rather than counted. */
import type { Stack } from '#api';
import type { Clock, Metrics } from '#runtime';
import type { Revision } from '#values';

export interface GaugesInput {
  readonly metrics: Metrics;
  readonly clock: Clock;
  readonly stacks: Iterable<Stack>;
  readonly revisionOf: (stack: Stack) => Revision | undefined;
  readonly cached: Iterable<{ readonly kind: string; readonly size: number }>;
}

/** What is gone leaves no row behind. */
export function fillGauges({ metrics, clock, stacks, revisionOf, cached }: GaugesInput): void {
  metrics.behindGitSeconds.reset();
  for (const stack of stacks) {
    const { namespace = '', name } = stack.metadata;
    metrics.behindGitSeconds.set({ namespace, name }, secondsBehind(stack, revisionOf(stack), clock.now()));
  }
  metrics.cachedObjects.reset();
  for (const { kind, size } of cached) metrics.cachedObjects.set({ kind }, size);
}

/** A commit that leaves the path of the stack as it is leaves nothing to do. */
function secondsBehind({ spec, status }: Stack, revision: Revision | undefined, nowMs: number): number {
  if (revision === undefined || status?.applied?.tree === revision.treeOf(spec.path)) return 0;
  return Math.max(0, (nowMs - Date.parse(revision.time)) / 1000);
}
