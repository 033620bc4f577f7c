/** One run after another of the real engine: what it does, what it is given, what it gives back. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { cluster, PulumiRuns, type TestCluster } from '#testing';
import { reportOf } from '#run';

let world: TestCluster;
let runs: PulumiRuns;

beforeAll(async () => {
  world = await cluster();
  runs = await PulumiRuns.create(world);
});
afterAll(async () => {
  await runs[Symbol.asyncDispose]();
  await world[Symbol.asyncDispose]();
});

const program = `
const pulumi = require('@pulumi/pulumi');
const k8s = require('@pulumi/kubernetes');
const config = new pulumi.Config();
const namespace = process.env.NAMESPACE;
console.log('environment', JSON.stringify(Object.keys(process.env).sort()));
console.log('the password is', config.require('password'), Buffer.from(config.require('password')).toString('base64'));
const map = new k8s.core.v1.ConfigMap('shop', { metadata: { name: 'shop', namespace }, data: { size: config.require('size') } });
exports.name = map.metadata.name;
exports.servers = config.requireObject('servers');
exports.password = config.requireSecret('password');
exports.login = { user: 'ada', passwords: [pulumi.secret('made-by-the-program')] };
`;
const config = (size: string): { key: string; value: string; secret: boolean; path?: boolean }[] => [
  { key: 'size', value: size, secret: false },
  { key: 'servers[0].port', value: '8080', secret: false, path: true },
  { key: 'password', value: 'hunter2hunter2', secret: true },
];

test('an update is previewed, made, held to its plan, repeated without a change, and destroyed', async () => {
  await runs.write({ 'deploy/Pulumi.yaml': 'name: shop\nruntime: nodejs\n', 'deploy/index.js': program });
  const given = { path: 'deploy', environment: { NAMESPACE: runs.namespace } };
  const planFile = join(runs.folder, 'plan.json');
  const urn = 'urn:pulumi:dev::shop::kubernetes:core/v1:ConfigMap::shop';
  const live = (): Promise<{ data?: unknown; metadata: { labels?: unknown } } | undefined> =>
    world.get<never>('v1', 'ConfigMap', 'shop', runs.namespace);

  const preview = await runs.run('preview', { ...given, config: config('small'), planFile });
  expect(preview.steps).toMatchObject([{ urn, operation: 'create' }]);
  expect(await live()).toBeUndefined();

  await expect(runs.run('up', { ...given, config: config('other'), planFile })).rejects.toMatchObject({
    reason: 'PlanStale',
  });
  expect(await live()).toBeUndefined();

  const up = await runs.run('up', { ...given, config: config('small'), planFile });
  expect(up.steps).toMatchObject([{ urn, operation: 'create', id: `${runs.namespace}/shop` }]);
  expect(up.outputs).toEqual({
    name: { value: 'shop', secret: false },
    servers: { value: [{ port: 8080 }], secret: false },
    password: { value: 'hunter2hunter2', secret: true },
    login: { value: { user: 'ada', passwords: ['made-by-the-program'] }, secret: true },
  });
  expect(await live()).toMatchObject({
    data: { size: 'small' },
    metadata: { labels: { 'plumbline.dev/stack': 'shop', 'plumbline.dev/stack-namespace': runs.namespace } },
  });
  expect(runs.printed).toContain('the password is [secret] [secret]');
  expect(JSON.stringify(runs.events)).not.toContain('hunter2');
  // What Pulumi's own runner sets for itself is not of the operator.
  const [environment = ''] = runs.printed.filter((line) => line.startsWith('environment'));
  const names = JSON.parse(environment.slice('environment '.length)) as string[];
  expect(names.filter((name) => !/^(PULUMI_|PLUMBLINE_)/.test(name))).toEqual(
    // The last two are set by the shell and the language host.
    [
      'HOME',
      'KUBECONFIG',
      'NAMESPACE',
      'NO_UPDATE_NOTIFIER',
      'PATH',
      'TMPDIR',
      'USER',
      'PWD',
      'NODE_COMPILE_CACHE',
    ].sort(),
  );
  expect(names).not.toContain('PULUMI_CONFIG_PASSPHRASE');

  const changed = await runs.run('preview', { ...given, config: config('large') });
  expect(changed.steps.find(({ operation }) => operation === 'replace')).toMatchObject({
    urn,
    fields: [{ path: 'data.size', from: 'small', to: 'large', replaces: true }],
  });

  const again = await runs.run('up', { ...given, config: config('small'), expectNoChanges: true });
  expect(again).toMatchObject({ steps: [], unchanged: 1 });
  const unexpected = runs.run('up', { ...given, config: config('large'), expectNoChanges: true });
  await expect(unexpected).rejects.toMatchObject({ reason: 'ChangesUnexpected' });

  const destroyed = await runs.run('destroy', { ...given, config: config('large') });
  expect(destroyed.steps).toMatchObject([{ urn, operation: 'delete' }]);
  expect(await live()).toBeUndefined();
  expect(await readdir(join(runs.folder, 'data', 'runs'))).toEqual([]);
  expect(await readFile(join(runs.folder, 'source', 'deploy', 'Pulumi.yaml'), 'utf8')).toBe(
    'name: shop\nruntime: nodejs\n',
  );
  expect((await readdir(join(runs.folder, 'source', 'deploy'))).sort()).toEqual(['Pulumi.yaml', 'index.js']);
}, 240_000);

test('what a failed update did is in the cause of its failure', async () => {
  await runs.write({
    'index.js': `
const k8s = require('@pulumi/kubernetes');
const namespace = process.env.NAMESPACE;
const good = new k8s.core.v1.ConfigMap('good', { metadata: { name: 'good', namespace } });
new k8s.core.v1.Secret('bad', { metadata: { name: 'bad', namespace: 'kube-system' } }, { dependsOn: good });
`,
  });
  const failed: unknown = await runs
    .run('up', { pulumiStack: 'partly', environment: { NAMESPACE: runs.namespace } })
    .catch((error: unknown) => error);
  expect(failed).toMatchObject({ reason: 'UpdateFailed' });
  expect(String(failed)).toMatch(/kubernetes:core\/v1:Secret bad: .*forbidden/);
  expect(reportOf(failed)?.steps).toMatchObject([{ operation: 'create', id: `${runs.namespace}/good` }]);
});

test('an update that would take away more than it may ends before it deletes, and costs no preview', async () => {
  const map = (name: string): string =>
    `new k8s.core.v1.ConfigMap('${name}', { metadata: { name: '${name}', namespace } });\n`;
  const write = (...names: readonly string[]): Promise<void> =>
    runs.write({
      'index.js': `const k8s = require('@pulumi/kubernetes');\nconst namespace = process.env.NAMESPACE;\n${names.map(map).join('')}`,
    });
  const given = { pulumiStack: 'kept', environment: { NAMESPACE: runs.namespace } };
  const urns = ['a', 'b', 'c'].map((name) => `urn:pulumi:kept::shop::kubernetes:core/v1:ConfigMap::${name}`);
  const up = (most: number, mayBeEmpty = false): Promise<unknown> =>
    runs.run('up', { ...given, keeps: { urns, most, mayBeEmpty } }).then(
      ({ steps, unchanged }) => ({ done: steps.map(({ operation, urn }) => `${operation} ${urn.at(-1)}`), unchanged }),
      (error: unknown) => error,
    );
  const live = async (): Promise<unknown[]> =>
    Promise.all(
      ['a', 'b', 'c', 'd'].map(
        async (name) => (await world.get('v1', 'ConfigMap', name, runs.namespace)) !== undefined,
      ),
    );
  await write('a', 'b', 'c');
  await runs.run('up', given);
  await write('a', 'd');
  // What is new is there; nothing was deleted for it.
  expect(await up(1)).toMatchObject({ reason: 'PruneLimitExceeded' });
  expect(await live()).toEqual([true, true, true, true]);
  expect(await up(2)).toMatchObject({ unchanged: 2 });
  expect(await live()).toEqual([true, false, false, true]);
  await write();
  expect(await up(3)).toMatchObject({ reason: 'PruneLimitExceeded' });
  expect(await live()).toEqual([true, false, false, true]);
  expect(await up(3, true)).toMatchObject({ unchanged: 0 });
  expect(await live()).toEqual([false, false, false, false]);
}, 240_000);
