/** The conformance table of the Kubernetes provider: what each operation asks of the API server, with the real engine. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { loadClusterConfig, type KubeObject } from '#kube';
import { cluster, FaultProxy, kubeconfig, PulumiProgram, testNamespace, type TestCluster } from '#testing';

const stages = ['preview', 'create', 'same', 'change', 'refresh', 'destroy'] as const;
type Stage = (typeof stages)[number];

interface Row {
  readonly what: string;
  /** The resource in the program; `v` is what the stage `change` changes. */
  readonly program: string;
  /** Name of the object, without what auto-naming adds. */
  readonly object: string;
  /** Requests about the object, repetitions left out. */
  readonly asks: Readonly<Record<Stage, string>>;
}

const usual = {
  preview: 'PATCH dry',
  create: 'PATCH',
  same: '',
  change: 'GET, PATCH dry, PATCH',
  refresh: 'GET',
  destroy: 'DELETE',
};

const rows: readonly Row[] = [
  {
    what: 'an object that the program names, with an empty map, which the API server does not keep',
    program: `new k8s.core.v1.ConfigMap('named', { metadata: { name: 'named', namespace, labels: { v } }, data: { a: '1' }, binaryData: {} });`,
    object: 'named',
    asks: usual,
  },
  {
    what: 'an object without a name gets one',
    program: `new k8s.core.v1.ConfigMap('auto', { metadata: { namespace, labels: { v } }, data: { a: '1' } });`,
    object: 'auto',
    asks: usual,
  },
  {
    what: 'a Secret',
    program: `const secret = new k8s.core.v1.Secret('secret', { metadata: { name: 'secret', namespace, labels: { v } }, stringData: { a: 'hidden' } });`,
    object: 'secret',
    asks: usual,
  },
  {
    what: 'data of a ConfigMap that changes makes a new one, then the old one goes',
    program: `new k8s.core.v1.ConfigMap('anew', { metadata: { namespace }, data: { v } });`,
    object: 'anew',
    asks: { ...usual, change: 'PATCH, DELETE' },
  },
  {
    what: 'data of a ConfigMap with a name of its own: the old one goes first',
    program: `new k8s.core.v1.ConfigMap('again', { metadata: { name: 'again', namespace }, data: { v } });`,
    object: 'again',
    asks: { ...usual, change: 'DELETE, PATCH' },
  },
  {
    what: 'an object whose definition comes with the same update',
    program: `
const definition = new k8s.apiextensions.v1.CustomResourceDefinition('definition', {
  metadata: { name: \`wheels.\${group}\` },
  spec: {
    group,
    scope: 'Namespaced',
    names: { plural: 'wheels', singular: 'wheel', kind: 'Wheel' },
    versions: [{
      name: 'v1', served: true, storage: true,
      schema: { openAPIV3Schema: { type: 'object', x_kubernetes_preserve_unknown_fields: true } },
    }],
  },
});
new k8s.apiextensions.CustomResource('wheel', {
  apiVersion: \`\${group}/v1\`, kind: 'Wheel', metadata: { name: 'wheel', namespace }, spec: { v },
}, { dependsOn: definition });`,
    object: 'wheel',
    asks: { ...usual, preview: '' },
  },
  {
    what: 'a Patch owns its fields of what somebody else made, and gives them back',
    program: `new k8s.core.v1.ConfigMapPatch('patch', { metadata: { name: 'theirs', namespace, labels: { v } } });`,
    object: 'theirs',
    asks: { ...usual, preview: '', destroy: 'GET, PATCH' },
  },
];

let direct: TestCluster;
let proxy: FaultProxy;
let program: PulumiProgram;
let namespace: string;
let state: Awaited<ReturnType<PulumiProgram['state']>>;
let live: KubeObject | undefined;
const asked = new Map<Stage, string[]>();
const said = new Map<Stage, string>();

const body = (v: string): string => `
const v = '${v}';
const namespace = '${namespace}';
const group = '${namespace}.example.com';
${rows.map((row) => row.program).join('\n')}
export const values = secret.data;
export const plain = secret.metadata.name;`;

async function stage(name: Stage, args: readonly string[]): Promise<void> {
  const calls: string[] = [];
  asked.set(name, calls);
  proxy.fault = (method, url) => {
    calls.push(`${method} ${url}`);
    return undefined;
  };
  said.set(name, await program.succeed([...args, '--stack', 'dev']));
}

beforeAll(async () => {
  direct = await cluster();
  namespace = await testNamespace(direct);
  await direct.apply(
    `{apiVersion: v1, kind: ConfigMap, metadata: {name: theirs, namespace: ${namespace}}, data: {a: theirs}}`,
  );
  const config = await loadClusterConfig({ kubeconfig });
  proxy = await FaultProxy.start(config);
  program = await PulumiProgram.create(proxy.kubeconfig((await config.token?.()) ?? ''));
  await program.write(body('1'));
  await stage('preview', ['preview']);
  await stage('create', ['up', '--yes', '--skip-preview']);
  state = await program.state();
  live = await direct.get('v1', 'Secret', 'secret', namespace);
  await stage('same', ['up', '--yes', '--skip-preview', '--expect-no-changes']);
  await program.write(body('2'));
  await stage('change', ['up', '--yes', '--skip-preview']);
  await stage('refresh', ['refresh', '--yes', '--skip-preview', '--expect-no-changes']);
  await stage('destroy', ['destroy', '--yes', '--skip-preview']);
}, 120_000);

afterAll(async () => {
  await proxy[Symbol.asyncDispose]();
  await direct[Symbol.asyncDispose]();
});

/** `PATCH dry, PATCH`: what was asked about the object, one after the other. */
function asksAbout(object: string, calls: readonly string[]): string {
  const about = calls
    .map((call) => call.split(' '))
    .filter(([, url = '']) => new RegExp(`/${object}(-[0-9a-f]{8})?(\\?|$)`).test(url))
    .map(([method, url = '']) => (url.includes('dryRun=All') ? `${method} dry` : method));
  return about.filter((call, index) => call !== about[index - 1]).join(', ');
}

describe.each(rows)('$what', ({ object, asks }) => {
  test.each(stages)('%s', (name) => {
    expect(asksAbout(object, asked.get(name) ?? [])).toBe(asks[name]);
  });
});

test('nothing changed, nothing asked', () => {
  expect(asked.get('same')).toEqual([]);
});

test('ids, names and namespaces are those of the official provider', () => {
  expect(state.get('named')).toMatchObject({ id: `${namespace}/named`, type: 'kubernetes:core/v1:ConfigMap' });
  const { id, inputs } = state.get('auto') ?? {};
  expect(id).toMatch(new RegExp(`^${namespace}/auto-[0-9a-f]{8}$`));
  expect(inputs).toMatchObject({ metadata: { annotations: { 'pulumi.com/autonamed': 'true' } } });
  expect(state.get('definition')).toMatchObject({ id: `wheels.${namespace}.example.com` });
});

test('the state keeps inputs, first version and field manager, and of the object what people wrote', () => {
  expect(state.get('named')?.outputs).toMatchObject({
    __inputs: { data: { a: '1' }, metadata: { name: 'named', namespace } },
    __initialApiVersion: 'v1',
    __fieldManager: 'pulumi-kubernetes',
    metadata: { uid: expect.any(String), resourceVersion: expect.any(String) },
  });
  expect(JSON.stringify([...state.values()])).not.toContain('managedFields');
});

test('values of a Secret are secret in the state, in what is printed and as outputs', () => {
  const kept = state.get('secret');
  expect(kept?.inputs?.['stringData']).toHaveProperty('ciphertext');
  expect(kept?.outputs?.['data']).toHaveProperty('ciphertext');
  const shown = [...said.values()].join('\n');
  expect(shown).toMatch(/values: \[secret\]/);
  expect(shown).toMatch(/plain : "secret"/);
  expect(`${shown}${JSON.stringify([...state.values()])}`).not.toMatch(/hidden|aGlkZGVu/);
  expect(live?.['data']).toEqual({ a: 'aGlkZGVu' });
});

test('by hand nothing of the operator is put on objects', () => {
  expect(live?.metadata.labels).toEqual({ v: '1' });
  expect(live?.metadata.annotations).toBeUndefined();
  expect(live?.metadata.managedFields).toMatchObject([{ manager: 'pulumi-kubernetes', operation: 'Apply' }]);
});

test('what a Patch gave back is gone, and the object of somebody else stays', async () => {
  const theirs = await direct.get('v1', 'ConfigMap', 'theirs', namespace);
  expect(theirs).toMatchObject({ data: { a: 'theirs' } });
  expect(theirs?.metadata.labels).toBeUndefined();
});
