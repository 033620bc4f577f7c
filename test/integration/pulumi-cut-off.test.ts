/** The engine or the provider is killed while requests are under way, each at a point that is known; the next run puts it right. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { loadClusterConfig } from '#kube';
import {
  cluster,
  differencesOf,
  FaultProxy,
  killProcesses,
  kubeconfig,
  PulumiRuns,
  type Fault,
  type TestCluster,
} from '#testing';

let world: TestCluster;
let proxy: FaultProxy;
let runs: PulumiRuns;

beforeAll(async () => {
  world = await cluster();
  proxy = await FaultProxy.start(await loadClusterConfig({ kubeconfig }));
  runs = await PulumiRuns.create(world, { lent: { server: proxy.url, insecure: true } });
  await runs.write({ 'index.js': program });
});
afterAll(async () => {
  await runs[Symbol.asyncDispose]();
  await proxy[Symbol.asyncDispose]();
  await world[Symbol.asyncDispose]();
});

/** How far a request came when its run was cut off: not at all, all the way, or on its way. */
const fates = ['unasked', 'asked', 'late'] as const;
type Fate = (typeof fates)[number];

/** One resource of each sort for each fate: made, dropped, changed in place, replaced in both ways, one with a dependent. */
const program = `
const k8s = require('@pulumi/kubernetes');
const { namespace, generation } = JSON.parse(process.env.SHAPE);
const map = (name, { named = true, data, labels }) =>
  new k8s.core.v1.ConfigMap(name, { metadata: { namespace, labels, ...(named ? { name } : {}) }, data });
for (const fate of ${JSON.stringify(fates)}) {
  const data = { generation };
  if (generation === 'old') map('dropped-' + fate, { data });
  else {
    map('made-' + fate, { data });
    map('named-by-pulumi-' + fate, { named: false, data });
  }
  map('changed-' + fate, { labels: { generation } });
  map('moved-' + fate, { named: false, data });
  const replaced = map('replaced-' + fate, { data });
  map('dependent-' + fate, { data: { of: replaced.metadata.uid } });
}
`;

const up = (generation: 'old' | 'new'): Promise<unknown> =>
  runs.run('up', {
    environment: { SHAPE: JSON.stringify({ namespace: runs.namespace, generation }) },
    parallel: 64,
    limits: { timeoutMs: 200_000 },
  });

interface Point {
  readonly name: string;
  readonly method: 'PATCH' | 'DELETE';
  /** Resources without their fates. */
  readonly resources: readonly string[];
}

const points: readonly Point[] = [
  {
    name: 'objects are made and changed',
    method: 'PATCH',
    resources: ['made', 'named-by-pulumi', 'changed', 'moved', 'replaced'],
  },
  { name: 'objects are deleted so that others can be made', method: 'DELETE', resources: ['dependent'] },
  { name: 'objects are deleted that nobody wants any more', method: 'DELETE', resources: ['dropped', 'moved'] },
];

/** Kills when each of the requests has come as far as it shall. */
async function cutOff(victim: 'engine' | 'provider', { method, resources }: Point): Promise<void> {
  const missing = new Set(resources.flatMap((resource) => fates.map((fate) => `${resource}-${fate}`)));
  const killed = Promise.withResolvers<void>();
  const arrive = (name: string): void => {
    missing.delete(name);
    if (missing.size > 0) return;
    killProcesses(runs, victim);
    killed.resolve();
  };
  proxy.fault = (asked, url) => {
    const name = [...missing].find((one) => new RegExp(`/configmaps/${one}(-[0-9a-f]{8})?\\?`).test(`${url}?`));
    if (asked !== method || url.includes('dryRun') || name === undefined) return undefined;
    const faults: Readonly<Record<Fate, () => Fault>> = {
      asked: () => ({ hold: () => arrive(name) }),
      late: () => (arrive(name), { askAfter: killed.promise }),
      unasked: () => (arrive(name), { delayMs: 1e9 }),
    };
    return faults[fates.find((fate) => name.endsWith(`-${fate}`)) ?? 'asked']();
  };
  const failed = await up('new').then(
    () => 'nothing',
    (error: unknown) => (error as { reason?: string }).reason,
  );
  proxy.fault = () => undefined;
  expect({ missing: [...missing], failed }).toEqual({
    missing: [],
    failed: victim === 'engine' ? 'RunFailed' : 'ProviderFailed',
  });
  // Under the Lease no other run is alive: the state room does the same.
  await rm(join(runs.folder, 'state', '.pulumi', 'locks'), { recursive: true, force: true });
}

describe.each(['engine', 'provider'] as const)('the %s is killed while', (victim) => {
  test.each(points)(
    '$name: the next run makes state and cluster agree, whichever commit it is of',
    async (point) => {
      await up('old');
      await cutOff(victim, point);
      await up('old');
      expect(await differencesOf(world, runs)).toEqual([]);
      await cutOff(victim, point);
      await up('new');
      expect(await differencesOf(world, runs)).toEqual([]);
    },
    600_000,
  );
});
