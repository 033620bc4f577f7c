/** Packages of objects in Pulumi programs: YAML, charts, kustomizations, releases; and objects written as files. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { cacheFolder, toolPaths } from '#toolchain';
import {
  chartLogin,
  cluster,
  kubeconfig,
  PulumiProgram,
  serveChart,
  testNamespace,
  until,
  type ChartServer,
  type StateResource,
  type TestCluster,
} from '#testing';

const run = promisify(execFile);

// A key `on` is one that YAML parsers disagree about.
const kubectlReads = { true: 'yes' };
const configMap = (name: string, more = ''): string =>
  `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: ${name}${more}}\ndata: {on: "yes"}\n`;

const definition = (group: string): string => `
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: gadgets.${group}}
spec:
  group: ${group}
  names: {kind: Gadget, plural: gadgets, singular: gadget, listKind: GadgetList}
  scope: Namespaced
  versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}}]
`;

const chart = {
  'web/Chart.yaml': 'apiVersion: v2\nname: web\nversion: 1.2.0\nappVersion: "7"\n',
  'web/values.yaml': 'message: hello\ntoken: none\nbroken: ""\n',
  'web/templates/all.yaml': `
apiVersion: v1
kind: ConfigMap
metadata: {name: {{ .Release.Name }}-settings}
data:
  message: {{ .Values.message | quote }}
  deployments: {{ .Capabilities.APIVersions.Has "apps/v1/Deployment" | quote }}
---
apiVersion: v1
kind: Secret
metadata: {name: {{ .Release.Name }}-token}
stringData: {token: {{ .Values.token | quote }}}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: {{ .Release.Name }}-kept, annotations: {helm.sh/resource-policy: keep}}
{{- if .Values.broken }}{{ fail (printf "broken by %s" .Values.token) }}{{ end }}
`,
  // A hook that nobody carries out: there is no kubelet.
  'web/templates/slow.yaml': `
{{- if .Values.slow }}
apiVersion: batch/v1
kind: Job
metadata: {name: {{ .Release.Name }}-slow, annotations: {helm.sh/hook: pre-upgrade}}
spec: {template: {spec: {restartPolicy: Never, containers: [{name: slow, image: slow}]}}}
{{- end }}
`,
  'web/templates/hooks.yaml': `
apiVersion: v1
kind: ConfigMap
metadata: {name: {{ .Release.Name }}-hook, annotations: {helm.sh/hook: pre-install}}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: {{ .Release.Name }}-test, annotations: {helm.sh/hook: test}}
`,
};

async function write(folder: string, files: Readonly<Record<string, string>>): Promise<void> {
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), text);
  }
}

// The programs' home is their own folder; what the toolchain got is in ours.
const cache = { PLUMBLINE_CACHE: cacheFolder() };

describe('in a cluster', () => {
  let api: TestCluster;
  let program: PulumiProgram;
  let server: ChartServer;
  let namespace = '';
  let group = '';
  let state: ReadonlyMap<
    string,
    StateResource & { readonly dependencies?: readonly string[]; readonly retainOnDelete?: boolean }
  >;
  let helm: (...args: readonly string[]) => Promise<string>;
  let environment: Record<string, string>;

  const data = async (name: string): Promise<Record<string, string> | undefined> =>
    ((await api.get<never>('v1', 'ConfigMap', name, namespace)) as { data?: Record<string, string> } | undefined)?.data;

  const body = (message: string, more = ''): string => `
const namespace = '${namespace}';
const file = new k8s.yaml.v2.ConfigFile('file', { file: 'all.yaml' });
new k8s.yaml.v2.ConfigGroup('group', {
  files: ['parts/*.yaml'],
  yaml: '${configMap('text', `, namespace: ${namespace}`).replaceAll('\n', '\\n')}',
  objs: [{ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'value', namespace }, data: { hidden: pulumi.secret('hush') } }],
  skipAwait: true,
  resourcePrefix: 'g',
}, { dependsOn: file, protect: false });
new k8s.yaml.ConfigFile('first', { file: 'first.yaml' });
new k8s.kustomize.v2.Directory('second', { directory: 'kustomized', namespace, resourcePrefix: 'k' });
new k8s.kustomize.Directory('directory', { directory: 'kustomized', transformations: [(o) => { o.metadata.name += '-v1'; o.metadata.namespace = namespace; }] });
const chart = new k8s.helm.v4.Chart('four', {
  chart: '${server.registry}/web', version: '1.2.0', plainHttp: true, namespace,
  repositoryOpts: { username: '${chartLogin.username}', password: pulumi.secret('${chartLogin.password}') },
  values: { message: pulumi.secret('in a secret'), token: 't0ken' },
});
new k8s.helm.v3.Chart('three', { path: './web', namespace, values: { message: 'three' } });
const web = new k8s.helm.v3.Release('web', {
  name: 'web', chart: 'web', namespace, version: '^1.0.0',
  repositoryOpts: { repo: '${server.repository}', username: '${chartLogin.username}', password: pulumi.secret('${chartLogin.password}') },
  values: { message: '${message}', token: pulumi.secret('release-token') },
  valueYamlFiles: [new pulumi.asset.FileAsset('values.yaml')],
}, { dependsOn: chart });
new k8s.helm.v3.Release('own', { chart: './web', namespace, skipAwait: true, values: { message: '${message}' } });
new k8s.helm.v3.Release('older', { name: 'older', chart: './web', namespace, version: '1.2.0', timeout: 300, values: { message: 'before' } }, { ${more} });
export const names = file.resources.apply((all) => all.map((one) => one.__name));
export const uid = file.resources.apply((all) => all[1].metadata.uid);
export const status = web.status;
export const resources = web.resourceNames;
`;

  beforeAll(async () => {
    api = await cluster();
    namespace = await testNamespace(api);
    group = `${namespace}.example.com`;
    environment = { ...cache, PLUMBLINE_STACK: `${namespace}.packages` };
    program = await PulumiProgram.create(await readFile(kubeconfig, 'utf8'), 'packages');
    const { folder } = program;
    await write(folder, {
      ...chart,
      'values.yaml': 'message: from the file\nextra: from the file\n',
      // What needs the definition and the namespace stands before them.
      'all.yaml': [
        `apiVersion: ${group}/v1\nkind: Gadget\nmetadata: {name: gadget, namespace: ${namespace}-new}\n`,
        `apiVersion: v1\nkind: Namespace\nmetadata: {name: ${namespace}-new}\n`,
        definition(group),
        `apiVersion: v1\nkind: ConfigMapList\nitems: [{metadata: {name: listed, namespace: ${namespace}, annotations: {config.kubernetes.io/depends-on: "${group}/namespaces/${namespace}-new/Gadget/gadget"}}}]\n`,
      ].join('---\n'),
      'parts/one.yaml': configMap('part', `, namespace: ${namespace}`),
      'first.yaml': configMap('first', `, namespace: ${namespace}`),
      'kustomized/kustomization.yaml': 'resources: [map.yaml]\nnamePrefix: kustomized-\n',
      'kustomized/map.yaml': configMap('map'),
    });
    const tools = await toolPaths(['helm', 'kustomize']);
    helm = async (...args) =>
      (await run(tools.helm, [...args, '--kubeconfig', kubeconfig, '--namespace', namespace], { cwd: folder })).stdout;
    await helm('install', 'older', './web', '--set', 'message=before');
    await run(tools.helm, ['package', 'web', '--destination', folder], { cwd: folder });
    server = await serveChart(join(folder, 'web-1.2.0.tgz'), 'web', '1.2.0');
    await program.write(body('one', `import: '${namespace}/older'`));
    await program.up(environment);
    state = await program.state();
  });

  afterAll(async () => {
    await server[Symbol.asyncDispose]();
    await api[Symbol.asyncDispose]();
  });

  const needs = (name: string): string[] =>
    (state.get(name)?.dependencies ?? []).map((urn) => urn.split('::').at(-1) ?? '');

  test('a file is its objects, each after what it needs; the program reads them', async () => {
    expect(needs(`file:${namespace}-new/gadget`).sort()).toEqual([`file:gadgets.${group}`, `file:${namespace}-new`]);
    expect(needs(`file:${namespace}/listed`)).toEqual([`file:${namespace}-new/gadget`]);
    const { uid, names } = await program.outputs();
    expect(names).toHaveLength(4);
    const live = await api.get('v1', 'Namespace', `${namespace}-new`);
    expect(uid).toBe(live?.metadata.uid);
  });

  test('a group takes files, text and values, which stay secret; its options reach its objects', async () => {
    expect([...state.keys()].filter((name) => name.startsWith('g:')).sort()).toEqual(
      ['part', 'text', 'value'].map((name) => `g:${namespace}/${name}`),
    );
    const { inputs } = state.get(`g:${namespace}/value`) ?? {};
    expect(inputs).toMatchObject({ metadata: { annotations: { 'pulumi.com/skipAwait': 'true' } } });
    expect(JSON.stringify(inputs)).not.toContain('hush');
    expect(await data('value')).toEqual({ hidden: 'hush' });
    expect(needs('group')).toContain('file');
  });

  test('YAML means what kubectl takes it to mean, and kustomizations are built, in both generations', async () => {
    expect(await data('first')).toEqual(kubectlReads);
    // kustomize takes the key for text, and quotes it.
    for (const name of ['kustomized-map', 'kustomized-map-v1']) expect(await data(name)).toEqual({ on: 'yes' });
  });

  test('a chart of a registry becomes objects: what it is to keep is kept, a secret value is secret wherever it goes', async () => {
    expect(await data('four-settings')).toEqual({ message: 'in a secret', deployments: 'true' });
    expect(JSON.stringify(state.get(`four:${namespace}/four-settings`))).not.toContain('in a secret');
    expect(state.get(`four:${namespace}/four-kept`)?.retainOnDelete).toBe(true);
    expect([...state.keys()].filter((name) => name.includes('four-')).sort()).toEqual(
      ['kept', 'settings', 'token'].map((name) => `four:${namespace}/four-${name}`),
    );
    expect(server.asked).toContain('/v2/charts/web/manifests/1.2.0');
  });

  test('a chart of the first generation brings its hooks along, its tests not', () => {
    const names = [...state.keys()].filter((name) => name.includes('three-')).sort();
    expect(names).toEqual(['hook', 'kept', 'settings', 'token'].map((name) => `${namespace}/three-${name}`));
  });

  test('a release is installed from a repository with the newest version of its range', async () => {
    const { status, resources } = await program.outputs();
    expect(status).toEqual({
      appVersion: '7',
      chart: 'web',
      name: 'web',
      namespace,
      revision: 1,
      status: 'deployed',
      version: '1.2.0',
    });
    expect(resources).toMatchObject({ 'ConfigMap/v1': ['web-kept', 'web-settings'], 'Secret/v1': ['web-token'] });
    expect(await data('web-settings')).toMatchObject({ message: 'one' });
    expect(JSON.stringify(state.get('web'))).not.toMatch(/release-token|chart-password/);
    expect(server.asked).toContain('/web-1.2.0.tgz');
    const helmSays = JSON.parse(await helm('get', 'values', 'web', '--output', 'json')) as unknown;
    expect(helmSays).toEqual({ message: 'one', extra: 'from the file', token: 'release-token' });
  });

  test('nothing changed changes nothing; a release that helm had already was taken in', async () => {
    await program.write(body('one'));
    const { code, said } = await program.run(
      ['up', '--yes', '--skip-preview', '--expect-no-changes', '--stack', 'dev'],
      environment,
    );
    expect({ code, said }).toMatchObject({ code: 0 });
    expect(state.get('older')).toMatchObject({ id: `${namespace}/older`, outputs: { status: { revision: 1 } } });
  }, 120_000);

  test('values, templates of an own chart and hand edits are upgrades; what fails is named without its secrets', async () => {
    await helm('upgrade', 'older', './web', '--set', 'message=by hand');
    await write(program.folder, { 'web/templates/more.yaml': configMap('{{ .Release.Name }}-more') });
    const broken = `new k8s.helm.v3.Release('broken', { name: 'broken', chart: './web', namespace, values: { broken: 'yes', token: pulumi.secret('broken-token') } });`;
    await program.write(`${body('two')}${broken}`);
    const { code, said } = await program.run(
      ['up', '--yes', '--skip-preview', '--refresh', '--continue-on-error', '--stack', 'dev'],
      environment,
    );
    expect(code).not.toBe(0);
    expect(said).toContain('broken by [secret]');
    expect(said).not.toContain('broken-token');
    expect(await data('web-settings')).toMatchObject({ message: 'two' });
    expect(await data('older-settings')).toMatchObject({ message: 'before' });
    const own = (await program.state()).get('own')?.outputs as { name: string; status: object };
    expect(own.status).toMatchObject({ revision: 2, status: 'deployed' });
    expect(await data(`${own.name}-more`)).toEqual(kubectlReads);
  }, 120_000);

  test('a release that a killed run left half upgraded, and the state lost, is taken up again', async () => {
    const { helm: path } = await toolPaths(['helm']);
    const args = ['upgrade', 'web', './web', '--namespace', namespace, '--kubeconfig', kubeconfig, '--set', 'slow=yes'];
    const killed = spawn(path, args, { cwd: program.folder, stdio: 'ignore' });
    const statusOfWeb = async (): Promise<string> => helm('list', '--all', '--filter', '^web$', '--output', 'json');
    await until('the upgrade is under way', async () => (await statusOfWeb()).includes('pending-upgrade') || undefined);
    killed.kill('SIGKILL');
    await once(killed, 'exit');
    const urn = 'urn:pulumi:dev::packages::kubernetes:helm.sh/v3:Release::web';
    await program.succeed(['state', 'delete', urn, '--yes', '--stack', 'dev']);
    await program.write(body('three'));
    await program.up(environment);
    expect((await program.state()).get('web')?.outputs).toMatchObject({ status: { status: 'deployed', name: 'web' } });
    expect(await data('web-settings')).toMatchObject({ message: 'three' });
  }, 120_000);

  test('destroyed, all of it is gone but what is to be kept', async () => {
    await program.succeed(['destroy', '--yes', '--skip-preview', '--stack', 'dev'], environment);
    expect(await helm('list', '--all', '--short')).toBe('');
    expect(await data('web-settings')).toBeUndefined();
    expect(await data('listed')).toBeUndefined();
    expect(await api.get('v1', 'ConfigMap', 'four-kept', namespace)).toBeDefined();
  }, 120_000);
});

describe('as files', () => {
  let program: PulumiProgram;
  const body = (resource: string, name: string): string => `
const provider = new k8s.Provider('files', { renderYamlToDirectory: 'out' });
new k8s.core.v1.ConfigMap('${resource}', { metadata: { name: 'map' }, data: { b: '1', a: '2' } }, { provider });
new k8s.core.v1.ConfigMap('named', { metadata: { name: '${name}' } }, { provider });
new k8s.helm.v4.Chart('four', { chart: './web', namespace: 'shop', includeHooks: true }, { provider });
new k8s.yaml.v2.ConfigFile('file', { file: 'definition.yaml' }, { provider });
`;

  const files = async (): Promise<string[]> =>
    (await readdir(join(program.folder, 'out'), { recursive: true, withFileTypes: true }))
      .filter((entry) => entry.isFile())
      .map(({ parentPath, name }) => join(parentPath, name).slice(join(program.folder, 'out/').length))
      .sort();

  const others = [
    '0-crd/apiextensions.k8s.io_v1-customresourcedefinition-default-gadgets.files.example.com.yaml',
    ...['hook', 'kept', 'settings'].map((name) => `1-manifest/v1-configmap-shop-four-${name}.yaml`),
    '1-manifest/v1-secret-shop-four-token.yaml',
  ];

  // Nobody listens there: no cluster is asked.
  const nowhere = { ...cache, KUBECONFIG: '/dev/null' };

  beforeAll(async () => {
    program = await PulumiProgram.create('', 'files');
    await write(program.folder, { ...chart, 'definition.yaml': definition('files.example.com') });
  });

  test('objects are written without a cluster, sorted, and follow the program', async () => {
    const written = (name: string): string[] =>
      [...others, '1-manifest/v1-configmap-default-map.yaml', `1-manifest/v1-configmap-default-${name}.yaml`].sort();
    await program.write(body('one', 'before'));
    const said = await program.up(nowhere);
    expect(said).toContain('four-token.yaml holds a secret value in plain text');
    expect(await files()).toEqual(written('before'));
    const map = (): Promise<string> =>
      readFile(join(program.folder, 'out/1-manifest/v1-configmap-default-map.yaml'), 'utf8');
    const yaml = `apiVersion: v1\ndata:\n  a: '2'\n  b: '1'\nkind: ConfigMap\nmetadata:\n  name: map\n  namespace: default\n`;
    expect(await map()).toBe(yaml);
    // Another resource takes over the file of the one that goes.
    await program.write(body('two', 'after'));
    await program.up(nowhere);
    expect(await files()).toEqual(written('after'));
    expect(await map()).toBe(yaml);
  }, 120_000);
});
