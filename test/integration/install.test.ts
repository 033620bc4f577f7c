/** The life of an installation, on a cluster of its own: install, install again, upgrade, uninstall. */
import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { World } from '#demo';
import type { KubeObject } from '#kube';
import { TestCluster, until } from '#testing';
import { toolPaths } from '#toolchain';

const system = 'plumbline-system';
const own = 'plumbline.dev/v1alpha1';
let world: World;
let cluster: TestCluster;

beforeAll(async () => {
  world = await World.create();
  cluster = new TestCluster(world.transport);
}, 240_000);
afterAll(async () => world[Symbol.asyncDispose]());

const plumbline = (...args: readonly string[]): Promise<string> =>
  world.plumbline(...args, '--kubeconfig', world.cluster.kubeconfig);

const installed = [
  ['v1', 'Namespace', system],
  ['apiextensions.k8s.io/v1', 'CustomResourceDefinition', 'stacks.plumbline.dev'],
  ['apiextensions.k8s.io/v1', 'CustomResourceDefinition', 'inventories.plumbline.dev'],
  ['rbac.authorization.k8s.io/v1', 'ClusterRole', 'plumbline'],
  ['rbac.authorization.k8s.io/v1', 'ClusterRoleBinding', 'plumbline-watch'],
  ['v1', 'ServiceAccount', 'plumbline', system],
  ['rbac.authorization.k8s.io/v1', 'RoleBinding', 'plumbline-stacks', system],
  ['apps/v1', 'Deployment', 'plumbline', system],
] as const;

/** The installed objects that are there, by kind and name, with what every write to them would change. */
async function inventory(): Promise<Record<string, number | string | undefined>> {
  const found: Record<string, number | string | undefined> = {};
  for (const [apiVersion, kind, name, namespace] of installed) {
    const object = await cluster.get(apiVersion, kind, name, namespace);
    // A Deployment's version moves with its pods; its generation does not.
    const mark = kind === 'Deployment' ? object?.metadata.generation : object?.metadata.resourceVersion;
    if (object !== undefined) found[`${kind}/${name}`] = mark;
  }
  return found;
}

test('a dry run on an empty cluster names every object and makes none', async () => {
  const output = await plumbline('install', '--dry-run');
  expect(output).toContain('CustomResourceDefinition.apiextensions.k8s.io/stacks.plumbline.dev created (dry run)');
  expect(output).toContain(
    `Deployment.apps/${system}/plumbline not checked: its namespace does not exist yet (dry run)`,
  );
  expect(await inventory()).toEqual({});
}, 120_000);

test('components are installed one by one', async () => {
  await plumbline('install', '--components', 'crds');
  expect(Object.keys(await inventory()).map((key) => key.split('/')[0])).toEqual(
    Array(2).fill('CustomResourceDefinition'),
  );
}, 120_000);

test('a second install writes nothing, and neither does kubectl with what -o yaml prints', async () => {
  await plumbline('install');
  // The controller of CRDs and that of namespaces have their say first.
  const first = await until('all is there and quiet', async () => {
    const before = await inventory();
    const settled = JSON.stringify(before) === JSON.stringify(await inventory());
    return settled && Object.keys(before).length === installed.length ? before : undefined;
  });
  const again = await plumbline('install');
  expect(again).not.toContain('created');
  expect(await inventory()).toEqual(first);
  const file = join(world.folder, 'installation.yaml');
  await writeFile(file, await world.plumbline('install', '-o', 'yaml'));
  const args = ['apply', '--server-side', '--field-manager=plumbline', '--kubeconfig', world.cluster.kubeconfig];
  await promisify(execFile)((await toolPaths(['kubectl'])).kubectl, [...args, '-f', file]);
  expect(await inventory()).toEqual(first);
}, 240_000);

test('an install over older definitions brings them up to date and keeps the objects', async () => {
  const definition = ['apiextensions.k8s.io/v1', 'CustomResourceDefinition', 'gitsources.plumbline.dev'] as const;
  const source = { sourceRef: { name: 'none' } };
  await cluster.apply(
    JSON.stringify({ apiVersion: own, kind: 'Stack', metadata: { name: 'kept', namespace: 'default' }, spec: source }),
  );
  const before = await cluster.get(own, 'Stack', 'kept', 'default');
  const shipped = await cluster.get<KubeObject & { spec: Crd }>(...definition);
  const versions = shipped?.spec.versions.map((version) => ({ ...version, additionalPrinterColumns: [] }));
  await cluster.edit(
    { apiVersion: definition[0], kind: definition[1], name: definition[2] },
    { spec: { versions, names: { shortNames: ['old'] } } },
    'plumbline',
  );
  await plumbline('install', '--components', 'crds', '--force');
  const after = await cluster.get<KubeObject & { spec: Crd }>(...definition);
  expect(after?.spec).toEqual(shipped?.spec);
  expect((await cluster.get(own, 'Stack', 'kept', 'default'))?.metadata.uid).toBe(before?.metadata.uid);
}, 120_000);

test('uninstall refuses while a stack is there, and changes nothing', async () => {
  const before = await inventory();
  await expect(plumbline('uninstall')).rejects.toThrow(
    /1 stacks are still there \(Stack.plumbline.dev\/default\/kept\)/,
  );
  expect(await inventory()).toEqual(before);
}, 120_000);

test('uninstall --orphan under a running operator keeps what stacks applied, in the operator’s namespace too', async () => {
  await world.repository.commit(
    { 'app/a.json': JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'applied' } }) },
    'One object',
  );
  await cluster.apply(`
{apiVersion: v1, kind: ServiceAccount, metadata: {name: deployer, namespace: ${system}}}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: deployer}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: cluster-admin}
subjects: [{kind: ServiceAccount, name: deployer, namespace: ${system}}]
---
{apiVersion: ${own}, kind: GitSource, metadata: {name: source, namespace: ${system}}, spec: {url: "${world.url}"}}
---
apiVersion: ${own}
kind: Stack
metadata: {name: app, namespace: ${system}}
spec: {sourceRef: {name: source}, path: app, serviceAccountName: deployer}
`);
  await world.startOperator('--no-leader-election');
  const applied = await until(
    'the stack has applied its object',
    () => cluster.get('v1', 'ConfigMap', 'applied', system),
    60_000,
  );
  const output = await plumbline('uninstall', '--orphan');
  expect(output).toContain(
    `Namespace/${system} stays: it holds ConfigMap/applied, ServiceAccount/deployer, which are not the operator's`,
  );
  expect(Object.keys(await inventory())).toEqual([`Namespace/${system}`]);
  await world.stopOperator();
  expect((await cluster.get('v1', 'ConfigMap', 'applied', system))?.metadata.uid).toBe(applied.metadata.uid);
}, 240_000);

test('uninstall of an installation that nobody used leaves nothing', async () => {
  await cluster.delete('v1', 'ConfigMap', 'applied', system);
  await cluster.delete('v1', 'ServiceAccount', 'deployer', system);
  await plumbline('install');
  await plumbline('uninstall');
  await until(
    'the namespace is gone',
    async () => (Object.keys(await inventory()).length === 0 ? true : undefined),
    60_000,
  );
  // What is gone already is no failure: an uninstall that was cut off is simply run again.
  await plumbline('uninstall');
}, 700_000);

interface Crd {
  readonly versions: readonly object[];
}
