/** What a preview finds out and saves, and what an update makes of it: the real engine, run by run. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { cluster, PulumiRuns, type TestCluster } from '#testing';
import { reportOf, type RunReport } from '#run';

let world: TestCluster;
let runs: PulumiRuns;
let planFile: string;

beforeAll(async () => {
  world = await cluster();
  runs = await PulumiRuns.create(world);
  planFile = join(runs.folder, 'plan.json');
});
afterAll(async () => {
  await runs[Symbol.asyncDispose]();
  await world[Symbol.asyncDispose]();
});

const program = (more = ''): string => `
const pulumi = require('@pulumi/pulumi');
const k8s = require('@pulumi/kubernetes');
const config = new pulumi.Config();
const named = (name) => ({ name, namespace: ${JSON.stringify(runs.namespace)} });
const drawn = new k8s.core.v1.ConfigMap('drawn', { metadata: { namespace: named('').namespace }, data: { a: 'b' } });
new k8s.core.v1.ConfigMap('user', { metadata: named('user'), data: { of: drawn.metadata.name, size: config.require('size') } });
new k8s.core.v1.ConfigMap('tag', { metadata: { ...named('tag'), labels: { size: config.require('size') } } });
new k8s.core.v1.Secret('key', { metadata: named('key'), stringData: { password: config.requireSecret('password') } });
${more}
`;
const gone = `
new k8s.core.v1.ConfigMap('gone', { metadata: named('gone'), data: {} });
new k8s.core.v1.ConfigMap('left', { metadata: named('left'), data: {} }, { retainOnDelete: true });
`;

const given = (password: string, size = 'small'): { config: { key: string; value: string; secret: boolean }[] } => ({
  config: [
    { key: 'password', value: password, secret: true },
    { key: 'size', value: size, secret: false },
  ],
});

/** Nothing here is about time. */
const limits = { timeoutMs: 200_000 };
const run = (operation: 'preview' | 'up', changes: Parameters<PulumiRuns['run']>[1]): Promise<RunReport> =>
  runs.run(operation, { limits, ...changes });
const preview = (password: string, size?: string): Promise<RunReport> =>
  run('preview', { ...given(password, size), planFile });
const urnOf = (name: string, kind = 'ConfigMap'): string => `urn:pulumi:dev::shop::kubernetes:core/v1:${kind}::${name}`;
const digests = ({ plan }: RunReport): Map<string, string> =>
  new Map([...(plan ?? [])].map(([urn, { digest }]) => [urn, digest]));
const live = (name: string): Promise<{ metadata: { uid: string }; data?: unknown } | undefined> =>
  world.get<never>('v1', 'ConfigMap', name, runs.namespace);

test('two previews of the same content come to the same digests; a secret that changes alone changes its own', async () => {
  await runs.write({ 'index.js': program(gone) });
  const first = await preview('hunter2hunter2');
  const saved = await readFile(planFile, 'utf8');
  const second = await preview('hunter2hunter2');
  // What the engine wrote differs: nonces, seeds.
  expect(await readFile(planFile, 'utf8')).not.toBe(saved);
  expect(digests(first).size).toBeGreaterThan(4);
  expect(digests(second)).toEqual(digests(first));

  const other = await preview('hunter3hunter3');
  const differing = [...digests(other)].filter(([urn, digest]) => digests(first).get(urn) !== digest);
  expect(differing.map(([urn]) => urn)).toEqual([urnOf('key', 'Secret')]);
  expect([...(other.plan?.values() ?? [])].some(({ sealed }) => sealed)).toBe(false);

  const made = first.steps.find(({ urn }) => urn === urnOf('key', 'Secret'));
  expect(made).toMatchObject({
    operation: 'create',
    made: { kind: 'Secret', metadata: { name: 'key', namespace: runs.namespace } },
  });
  expect(JSON.stringify([first, second, other].map(({ steps, plan }) => [steps, plan && [...plan]]))).not.toMatch(
    /hunter2|hunter3|aHVudGVy/,
  );
}, 600_000);

test('an update that is held to a plan makes what it says, under the names that it drew', async () => {
  const { steps } = await preview('hunter2hunter2');
  const name = steps.find(({ urn }) => urn === urnOf('drawn'))?.made?.metadata.name ?? '';
  await run('up', { ...given('hunter2hunter2'), planFile });
  expect(await live(name)).toMatchObject({ data: { a: 'b' } });
  expect((await live('user'))?.data).toEqual({ of: name, size: 'small' });
}, 600_000);

test('one that would do something else is refused, and tells no secret of the plan', async () => {
  await preview('hunter3hunter3');
  const refused: unknown = await run('up', { ...given('another-secret'), planFile }).catch((error: unknown) => error);
  expect(refused).toMatchObject({
    reason: 'PlanStale',
    message: expect.stringMatching(/would do what its plan does not say: properties changed: .*stringData/),
  });
  // The engine quotes the plan, which this run knows nothing of.
  expect(JSON.stringify([String(refused), reportOf(refused)])).not.toMatch(/hunter3/);
}, 600_000);

test('what the program does not name any more is deleted, unless it says otherwise, or the stack does', async () => {
  await runs.write({ 'index.js': program() });
  const report = await preview('hunter2hunter2');
  expect(report.steps.map(({ urn, operation }) => [urn, operation])).toEqual(
    expect.arrayContaining([
      [urnOf('gone'), 'delete'],
      [urnOf('left'), 'forget'],
    ]),
  );
  const uid = (await live('gone'))?.metadata.uid;
  const up = await run('up', { ...given('hunter2hunter2'), planFile, retain: [urnOf('gone')] });
  expect(up.steps.map(({ operation }) => operation)).toEqual(['forget', 'forget']);
  expect((await live('gone'))?.metadata.uid).toBe(uid);
  expect(await live('left')).toBeDefined();
  expect((await preview('hunter2hunter2')).steps).toEqual([]);
}, 600_000);

test('a refresh that must find nothing fails before anything is changed, and again, until somebody has looked', async () => {
  const edit = (data: object): Promise<unknown> =>
    world.edit({ apiVersion: 'v1', kind: 'ConfigMap', name: 'user', namespace: runs.namespace }, { data });
  const before = (await live('user'))?.data;
  await edit({ size: 'huge' });
  const expecting = (): Promise<RunReport> =>
    run('up', { ...given('hunter2hunter2', 'large'), expectNoRefreshChanges: true });
  for (const _ of [1, 2])
    await expect(expecting()).rejects.toMatchObject({
      reason: 'ChangesUnexpected',
      message: expect.stringMatching(/^kubernetes:core\/v1:ConfigMap user: it is not as the state says: .*size/),
    });
  expect((await live('user'))?.data).toMatchObject({ size: 'huge' });
  await edit(before as object);
  await expecting();
  expect((await live('user'))?.data).toMatchObject({ size: 'large' });
}, 600_000);

test('fields of another manager are taken over when that is asked for', async () => {
  await world.edit(
    { apiVersion: 'v1', kind: 'ConfigMap', name: 'tag', namespace: runs.namespace },
    { metadata: { labels: { size: 'by-hand' } } },
  );
  await expect(run('up', given('hunter2hunter2', 'tiny'))).rejects.toMatchObject({ reason: 'UpdateFailed' });
  await run('up', { ...given('hunter2hunter2', 'tiny'), force: true });
  expect((await live('tag'))?.metadata).toMatchObject({ labels: { size: 'tiny' } });
}, 600_000);
