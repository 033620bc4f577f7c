/** The Kubernetes provider as the operator runs it: marks on objects, take-over of what a lost run made, and what it never does. */
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { labels } from '#api';
import { managedDigest, type KubeObject } from '#kube';
import { cluster, kubeconfig, PulumiProgram, testNamespace, type Ran, type TestCluster } from '#testing';

let direct: TestCluster;
let program: PulumiProgram;
let namespace: string;
let environment: Record<string, string>;

beforeAll(async () => {
  direct = await cluster();
  namespace = await testNamespace(direct);
  program = await PulumiProgram.create(await readFile(kubeconfig, 'utf8'));
  environment = { PLUMBLINE_STACK: `${namespace}.infra`, PLUMBLINE_FIELD_MANAGER: 'plumbline' };
}, 60_000);
afterAll(() => direct[Symbol.asyncDispose]());

const configMap = (name: string, v: string): string =>
  `new k8s.core.v1.ConfigMap('${name}', { metadata: { name: '${name}', namespace: '${namespace}', labels: { v: '${v}' } } });`;

const auto = (): string => `new k8s.core.v1.ConfigMap('auto', { metadata: { namespace: '${namespace}' } });`;

const live = (name: string): Promise<KubeObject | undefined> => direct.get('v1', 'ConfigMap', name, namespace);

const up = (): Promise<Ran> => program.run(['up', '--yes', '--skip-preview', '--stack', 'dev'], environment);

test('objects carry the labels by which the operator watches, and the state does not', async () => {
  await program.write(configMap('marked', '1') + auto());
  await program.up(environment);
  const made = await live('marked');
  expect(made?.metadata).toMatchObject({
    labels: { v: '1', [labels.stack]: 'infra', [labels.stackNamespace]: namespace },
    annotations: { 'plumbline.dev/urn': 'urn:pulumi:dev::shop::kubernetes:core/v1:ConfigMap::marked' },
    managedFields: [{ manager: 'plumbline', operation: 'Apply' }],
  });
  expect(made && managedDigest(made)).not.toBe('');
  const kept = (await program.state()).get('marked');
  expect(kept?.outputs?.['metadata']).toMatchObject({ labels: { v: '1' } });
  expect(JSON.stringify(kept)).not.toContain('plumbline.dev');
  const refreshed = await program.succeed(['refresh', '--yes', '--stack', 'dev', '--expect-no-changes'], environment);
  expect(refreshed).toMatch(/3 unchanged/);
});

test('an up whose state was lost takes over what it had made, names that it gave and changes included', async () => {
  const { uid } = (await live('marked'))?.metadata ?? {};
  const made = async (): Promise<(string | undefined)[]> =>
    (await direct.objectsOf(namespace, 'infra')).map(({ object }) => object.metadata.uid).sort();
  const before = await made();
  await rm(join(program.folder, 'state', '.pulumi'), { recursive: true });
  await program.succeed(['stack', 'init', 'dev']);
  await program.write(configMap('marked', '2') + auto());
  await program.up(environment);
  expect((await live('marked'))?.metadata).toMatchObject({ uid, labels: { v: '2' } });
  expect(await made()).toEqual(before);
});

test('what the engine replaces on demand is changed in place where the name is taken, and not deleted afterwards', async () => {
  const urn = 'urn:pulumi:dev::shop::kubernetes:core/v1:ConfigMap::marked';
  await program.succeed(['up', '--yes', '--skip-preview', '--stack', 'dev', '--replace', urn], environment);
  expect(await live('marked')).toBeDefined();
  expect((await program.state()).get('marked')).toMatchObject({ id: `${namespace}/marked` });
});

test('what another stack, another resource or a person made is left alone, and its managers are named', async () => {
  await direct.apply(
    `{apiVersion: v1, kind: ConfigMap, metadata: {name: taken, namespace: ${namespace}, labels: {by: hand}}}`,
  );
  await program.write(configMap('marked', '2') + configMap('taken', '1'));
  const foreseen = await program.succeed(['preview', '--stack', 'dev'], environment);
  expect(foreseen).toMatch(/warning: ConfigMap\/t-\w+\/taken: the object exists already/);
  const { code, said } = await up();
  expect(code).not.toBe(0);
  expect(said).toMatch(/ConfigMap\/t-\w+\/taken: the object exists already.*pulumi import/);
  expect((await live('taken'))?.metadata.labels).toEqual({ by: 'hand' });
});

test('a field that somebody else took is a conflict that names them; patchForce takes it back', async () => {
  const name = 'marked';
  await direct.edit({ apiVersion: 'v1', kind: 'ConfigMap', name, namespace }, { metadata: { labels: { v: 'hand' } } });
  await program.write(configMap(name, '3'));
  const { code, said } = await up();
  expect(code).not.toBe(0);
  expect(said).toMatch(/other managers own fields that the program sets: metadata\.labels\.v \(kubectl-edit\)/);
  expect((await live(name))?.metadata.labels).toMatchObject({ v: 'hand' });
  await program.write(
    configMap(name, '3').replace('labels:', `annotations: { 'pulumi.com/patchForce': 'true' }, labels:`),
  );
  await program.up(environment);
  expect((await live(name))?.metadata.labels).toMatchObject({ v: '3' });
});

test('a stack made at a desk comes to the operator: fields change hands, and what the program drops is gone', async () => {
  await program.write(
    `new k8s.core.v1.ConfigMap('desk', { metadata: { name: 'desk', namespace: '${namespace}', labels: { v: '1', old: 'x' } } });`,
  );
  await program.up();
  await program.write(configMap('desk', '2'));
  await program.up(environment);
  const { labels: now, managedFields } = (await live('desk'))?.metadata ?? {};
  expect(now).toEqual({ v: '2', [labels.stack]: 'infra', [labels.stackNamespace]: namespace });
  expect(managedFields).toMatchObject([{ manager: 'plumbline', operation: 'Apply' }]);
});

test('a cluster out of reach is one sentence; its resources leave the state when that is asked for', async () => {
  const away = { ...environment, KUBECONFIG: join(program.folder, 'away') };
  const config = (await readFile(kubeconfig, 'utf8')).replace(/https:\/\/127\.0\.0\.1:\d+/, 'https://127.0.0.1:1');
  await writeFile(away.KUBECONFIG, config);
  const { code, said } = await program.run(['destroy', '--yes', '--skip-preview', '--stack', 'dev'], away);
  expect(code).not.toBe(0);
  expect(said).toMatch(/the cluster can not be reached: .*ECONNREFUSED.*PULUMI_K8S_DELETE_UNREACHABLE/);
  const args = ['refresh', '--yes', '--skip-preview', '--stack', 'dev'];
  await program.succeed(args, { ...away, PULUMI_K8S_DELETE_UNREACHABLE: 'true' });
  expect([...(await program.state()).values()].filter(({ type }) => type.startsWith('kubernetes:'))).toEqual([]);
});
