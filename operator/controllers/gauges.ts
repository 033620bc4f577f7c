/** Gauges that are read when somebody asks for the metrics, rather than counted. */
import type { Stack } from '#api';
import type { Clock, Metrics } from '#runtime';
import type { Revision } from '#values';

export interface GaugesInput {
  readonly metrics: Metrics;
  readonly clock: Clock;
  readonly stacks: Iterable<Stack>;
  readonly revisionOf: (stack: Stack) => Revision | undefined;
  readonly treeOf: (stack: Stack, revision: Revision) => string | undefined;
  /** Plans that wait, by `namespace/name` of their stack. */
  readonly waiting: ReadonlyMap<string, number>;
  readonly runs?: { readonly going: number; readonly waiting: number; readonly reservedMiB: number };
  readonly cached: Iterable<{ readonly kind: string; readonly size: number }>;
}

/** What is gone leaves no row behind. */
export function fillGauges({ metrics, clock, stacks, revisionOf, treeOf, waiting, runs, cached }: GaugesInput): void {
  metrics.behindGitSeconds.reset();
  for (const stack of stacks) {
    const { namespace = '', name } = stack.metadata;
    const revision = revisionOf(stack);
    // A commit that leaves what the stack reads as it is leaves nothing to do.
    const behind = revision !== undefined && stack.status?.applied?.tree !== treeOf(stack, revision);
    const seconds = behind ? Math.max(0, (clock.now() - Date.parse(revision.time)) / 1000) : 0;
    metrics.behindGitSeconds.set({ namespace, name }, seconds);
  }
  metrics.waitingPlans.reset();
  for (const [key, count] of waiting) {
    const [namespace = '', stack = ''] = key.split('/');
    metrics.waitingPlans.set({ namespace, stack }, count);
  }
  if (runs !== undefined) {
    metrics.runsGoing.set(runs.going);
    metrics.runsWaiting.set(runs.waiting);
    metrics.runMemoryBytes.set(runs.reservedMiB * 2 ** 20);
  }
  metrics.cachedObjects.reset();
  for (const { kind, size } of cached) metrics.cachedObjects.set({ kind }, size);
}
