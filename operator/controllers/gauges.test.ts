import { expect, test } from '@jest/globals';
import type { Stack } from '#api';
import { createMetrics, ManualClock } from '#runtime';
import type { Revision } from '#values';
import { fillGauges } from './gauges.ts';

const now = '2026-05-01T10:00:00Z';
const clock = new ManualClock(Date.parse(now));

const stack = (name: string, tree?: string): Stack =>
  ({
    metadata: { name, namespace: 'shop' },
    spec: { path: 'app' },
    status: tree === undefined ? {} : { applied: { tree } },
  }) as unknown as Stack;

const treeOf = ({ spec }: Stack, at: Revision): string | undefined => at.treeOf(spec.path);
const revision = (tree: string, time: string): Revision => ({ treeOf: () => tree, time }) as unknown as Revision;

async function rows(metrics: ReturnType<typeof createMetrics>, name: string): Promise<string[]> {
  const text = await metrics.registry.getSingleMetricAsString(name);
  return text.split('\n').filter((line) => !line.startsWith('#'));
}

test('a stack is behind by the age of the commit that it has not applied', async () => {
  const metrics = createMetrics();
  const minuteOld = revision('new', '2026-05-01T09:59:00Z');
  const stacks = [stack('old', 'old'), stack('fresh'), stack('done', 'new'), stack('unknown', 'new')];
  const revisionOf = ({ metadata }: Stack): Revision | undefined =>
    metadata.name === 'unknown' ? undefined : minuteOld;
  fillGauges({ metrics, clock, stacks, revisionOf, treeOf, waiting: new Map(), cached: [] });
  expect(await rows(metrics, 'plumbline_behind_git_seconds')).toEqual([
    'plumbline_behind_git_seconds{namespace="shop",name="old"} 60',
    'plumbline_behind_git_seconds{namespace="shop",name="fresh"} 60',
    'plumbline_behind_git_seconds{namespace="shop",name="done"} 0',
    'plumbline_behind_git_seconds{namespace="shop",name="unknown"} 0',
  ]);
});

test('a commit whose author has a clock that is ahead puts nobody behind', async () => {
  const metrics = createMetrics();
  const revisionOf = (): Revision => revision('new', '2026-05-01T10:05:00Z');
  fillGauges({ metrics, clock, stacks: [stack('a', 'old')], revisionOf, treeOf, waiting: new Map(), cached: [] });
  expect(await rows(metrics, 'plumbline_behind_git_seconds')).toEqual([
    'plumbline_behind_git_seconds{namespace="shop",name="a"} 0',
  ]);
});

test('what is gone leaves no row behind', async () => {
  const metrics = createMetrics();
  const common = { metrics, clock, treeOf, revisionOf: () => undefined };
  fillGauges({
    ...common,
    stacks: [stack('a')],
    waiting: new Map([['shop/web', 1]]),
    cached: [{ kind: 'Pod', size: 3 }],
  });
  fillGauges({ ...common, stacks: [], waiting: new Map(), cached: [{ kind: 'ConfigMap', size: 1 }] });
  expect(await rows(metrics, 'plumbline_behind_git_seconds')).toEqual([]);
  expect(await rows(metrics, 'plumbline_cached_objects')).toEqual(['plumbline_cached_objects{kind="ConfigMap"} 1']);
  expect(await rows(metrics, 'plumbline_waiting_plans')).toEqual([]);
});
