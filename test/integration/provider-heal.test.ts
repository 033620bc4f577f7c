/** What others changed is put back as the operator does it: refresh and update in one, PLUMBLINE_HEAL set, the program as it was. */
import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { KubeObject } from '#kube';
import { cluster, kubeconfig, PulumiProgram, testNamespace, type TestCluster } from '#testing';

let direct: TestCluster;
let program: PulumiProgram;
let namespace: string;
let environment: Record<string, string>;

beforeAll(async () => {
  direct = await cluster();
  namespace = await testNamespace(direct);
  program = await PulumiProgram.create(await readFile(kubeconfig, 'utf8'));
  environment = { PLUMBLINE_STACK: `${namespace}.infra`, PLUMBLINE_FIELD_MANAGER: 'plumbline' };
  await program.write(source('1'));
  await program.up(environment);
}, 120_000);
afterAll(() => direct[Symbol.asyncDispose]());

const source = (v: string): string => `
const metadata = (name) => ({ name, namespace: '${namespace}' });
const map = new k8s.core.v1.ConfigMap('map', { metadata: metadata('map'), data: { v: '${v}', a: 'a' } });
new k8s.core.v1.Secret('secret', { metadata: metadata('secret'), stringData: { password: 'first' } });
new k8s.core.v1.ConfigMap('frozen', { metadata: metadata('frozen'), data: { a: 'a' } });
new k8s.core.v1.ConfigMap('gone', { metadata: metadata('gone'), data: { a: 'a' } });
new k8s.rbac.v1.RoleBinding('binding', {
  metadata: metadata('binding'),
  roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'view' },
});
`;

const heal = (): Promise<string> =>
  program.succeed(['up', '--yes', '--skip-preview', '--refresh', '--stack', 'dev'], {
    ...environment,
    PLUMBLINE_HEAL: 'true',
  });

const live = (kind: string, name: string): Promise<KubeObject | undefined> =>
  direct.get(kind === 'RoleBinding' ? 'rbac.authorization.k8s.io/v1' : 'v1', kind, name, namespace);

const edit = (kind: string, name: string, patch: unknown): Promise<void> =>
  direct.edit({ apiVersion: 'v1', kind, name, namespace }, patch);

/** What the state holds of the objects is what they are. */
async function expectStateToAgree(...objects: readonly (readonly [string, string])[]): Promise<void> {
  const state = await program.state();
  for (const [kind, name] of objects) {
    const { uid, resourceVersion } = (await live(kind, name))?.metadata ?? {};
    expect(state.get(name)?.outputs?.['metadata']).toMatchObject({ uid, resourceVersion });
  }
}

test('contents edited by hand are put back where they are; only what nobody can change is made anew', async () => {
  const before = await Promise.all([live('ConfigMap', 'map'), live('Secret', 'secret')]);
  await edit('ConfigMap', 'map', { data: { v: 'hand', more: 'x' } });
  await edit('Secret', 'secret', { data: { password: Buffer.from('hand').toString('base64') } });
  await edit('ConfigMap', 'frozen', { data: { a: 'hand' }, immutable: true });
  await direct.delete('v1', 'ConfigMap', 'gone', namespace);
  await direct.delete('rbac.authorization.k8s.io/v1', 'RoleBinding', 'binding', namespace);
  await direct.apply(`
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: binding, namespace: ${namespace}}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: edit}
`);
  await heal();
  const after = await Promise.all([live('ConfigMap', 'map'), live('Secret', 'secret')]);
  expect(after.map((object) => object?.metadata.uid)).toEqual(before.map((object) => object?.metadata.uid));
  // What somebody added is nobody's drift: the program says nothing of it.
  expect(after[0]?.['data']).toEqual({ v: '1', a: 'a', more: 'x' });
  expect(after[1]?.['data']).toEqual({ password: Buffer.from('first').toString('base64') });
  expect(await live('ConfigMap', 'gone')).toMatchObject({ data: { a: 'a' } });
  const frozen = await live('ConfigMap', 'frozen');
  expect(frozen?.['data']).toEqual({ a: 'a' });
  expect(frozen?.['immutable']).toBeUndefined();
  expect(await live('RoleBinding', 'binding')).toMatchObject({ roleRef: { name: 'view' } });
  await expectStateToAgree(['ConfigMap', 'map'], ['Secret', 'secret'], ['ConfigMap', 'gone'], ['ConfigMap', 'frozen']);
}, 120_000);

test('a program that has changed, too, gets another ConfigMap, as it would without the drift', async () => {
  const before = await live('ConfigMap', 'map');
  await edit('ConfigMap', 'map', { data: { v: 'hand' } });
  await program.write(source('2'));
  await heal();
  const after = await live('ConfigMap', 'map');
  expect(after?.['data']).toEqual({ v: '2', a: 'a' });
  expect(after?.metadata.uid).not.toBe(before?.metadata.uid);
  await expectStateToAgree(['ConfigMap', 'map']);
}, 120_000);
