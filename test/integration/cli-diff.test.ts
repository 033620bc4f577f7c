/** `plumbline diff` against a cluster that a real operator keeps, from real working trees. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { loadClusterConfig } from '#kube';
import {
  configMap,
  kubeconfig,
  Platform,
  plumbline,
  startTestOperator,
  until,
  type Said,
  type TestOperator,
} from '#testing';
import { kubeconfigText } from '#toolchain';

let operator: TestOperator;
beforeAll(async () => {
  operator = await startTestOperator();
}, 60_000);
afterAll(async () => operator[Symbol.asyncDispose]());

interface Told {
  readonly stacks: readonly {
    readonly stack: string;
    readonly account: string;
    readonly notes: readonly string[];
    readonly unchanged: number;
    readonly objects: readonly {
      readonly key: string;
      readonly action: string;
      readonly where?: string;
      readonly note?: string;
      readonly fields: readonly { readonly path: string; readonly from: unknown; readonly to: unknown }[];
    }[];
    readonly failures: readonly { readonly key: string; readonly reason: string; readonly message: string }[];
  }[];
}

const diff = (platform: Platform, ...args: readonly string[]): Promise<Said> =>
  plumbline('diff', '--path', platform.git.repository.folder, '-n', platform.namespace, ...args);

async function told(
  platform: Platform,
  ...args: readonly string[]
): Promise<Told['stacks'][number] & { code: number }> {
  const { code, out, error } = await diff(platform, ...args, '-o', 'json');
  const [first] = (JSON.parse(out) as Told).stacks;
  if (first === undefined || error !== '') throw new Error(error);
  return { ...first, code };
}

const secret = (password: string): string =>
  `apiVersion: v1\nkind: Secret\nmetadata: {name: login}\nstringData: {password: ${password}}\n`;
const write = (platform: Platform, path: string, text: string): Promise<void> =>
  writeFile(join(platform.git.repository.folder, path), text);

async function applied(files: Readonly<Record<string, string>>, spec = ''): Promise<Platform> {
  const platform = await Platform.create(files);
  await platform.stack('app', spec);
  await platform.ready('app');
  return platform;
}

test('a working tree is told object by object, field by field, and nothing is written anywhere', async () => {
  await using platform = await applied({
    'app/a.yaml': configMap('a'),
    'app/b.yaml': configMap('b'),
    'app/login.yaml': secret('first-password'),
    '.gitignore': 'app/ignored.yaml\n',
  });
  const { namespace, git } = platform;
  expect(await diff(platform, 'app')).toEqual({
    code: 0,
    out: `${namespace}/app (as ServiceAccount ${namespace}/deployer): nothing differs\n`,
    error: '',
  });

  await write(platform, 'app/a.yaml', configMap('a', '2'));
  await write(platform, 'app/c.yaml', configMap('c', '3'));
  await write(platform, 'app/ignored.yaml', 'a: [');
  await write(platform, 'app/login.yaml', secret('second-password'));
  await rm(join(git.repository.folder, 'app/b.yaml'));
  const before = await everything(platform);
  const { code, out, error } = await diff(platform, 'app');
  expect({ code, error }).toEqual({ code: 1, error: '' });
  expect(out).toBe(
    [
      `${namespace}/app (as ServiceAccount ${namespace}/deployer): 4 of 4 objects differ`,
      `  change    Secret/${namespace}/login  app/login.yaml:1`,
      '              data.password: *** -> ***',
      `  change    ConfigMap/${namespace}/a  app/a.yaml:1`,
      '              data.value: 1 -> 2',
      `  create    ConfigMap/${namespace}/c  app/c.yaml:1`,
      `  prune     ConfigMap/${namespace}/b  not in Git any more`,
      '',
    ].join('\n'),
  );
  expect(await everything(platform)).toEqual(before);

  const wide = await diff(platform, 'app', '-o', 'wide');
  expect(wide.out).toContain('data.value: absent -> 3');
  const yaml = await diff(platform, 'app', '-o', 'yaml');
  expect(yaml.out).toContain('action: create');
  expect([out, wide.out, yaml.out].join('')).not.toMatch(/first-password|second-password|Zmlyc3Q|c2Vjb25k/);
}, 60_000);

/** The objects of the namespace as the API server holds them, and the repository as Git does. */
async function everything({ cluster, namespace, git }: Platform): Promise<unknown> {
  const path = `/api/v1/namespaces/${namespace}`;
  const lists = await Promise.all(
    ['configmaps', 'secrets'].map((plural) =>
      cluster.transport.request<{ items: unknown[] }>({ method: 'GET', path: `${path}/${plural}` }),
    ),
  );
  const { repository } = git;
  return [
    lists.map(({ body }) => body.items),
    await repository.git('status', '--porcelain'),
    await repository.git('count-objects', '-v'),
    await repository.git('for-each-ref'),
  ];
}

test('a branch or a commit is compared instead of the working tree', async () => {
  await using platform = await applied({ 'app/a.yaml': configMap('a') });
  const { repository } = platform.git;
  await repository.git('checkout', '--quiet', '-b', 'feature');
  const commit = await repository.commit({ 'app/a.yaml': configMap('a', '7') });
  await repository.git('checkout', '--quiet', 'main');
  expect((await told(platform, 'app')).code).toBe(0);
  for (const choice of [
    ['--branch', 'feature'],
    ['--revision', commit.slice(0, 10)],
  ]) {
    const { code, objects } = await told(platform, 'app', ...choice);
    expect(code).toBe(1);
    expect(objects[0]?.fields).toEqual([{ path: 'data.value', from: '1', to: '7' }]);
  }
}, 60_000);

test('what the API server refuses is named by object, and the rest is told all the same; exit code 2', async () => {
  await using platform = await applied({ 'app/a.yaml': configMap('a') });
  const { cluster, namespace } = platform;
  await cluster.apply(`
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicy
metadata: {name: ${namespace}-no-denied}
spec:
  failurePolicy: Fail
  matchConstraints: {resourceRules: [{apiGroups: [""], apiVersions: [v1], operations: [CREATE, UPDATE], resources: [configmaps]}], namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: ${namespace}}}}
  validations: [{expression: "object.metadata.name != 'denied'", reason: Forbidden, message: the name denied is not allowed}]
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicyBinding
metadata: {name: ${namespace}-no-denied}
spec: {policyName: ${namespace}-no-denied, validationActions: [Deny]}
`);
  await write(platform, 'app/a.yaml', configMap('a', '2'));
  await write(platform, 'app/denied.yaml', configMap('denied'));
  await write(platform, 'app/wrong.yaml', configMap('wrong', '1', 'datum: 1\n'));
  await write(platform, 'app/kind.yaml', 'apiVersion: example.com/v1\nkind: Nothing\nmetadata: {name: x}\n');
  // A policy takes a moment to be in force.
  const diffs = await until('the policy denies', async () => {
    const now = await told(platform, 'app');
    return now.failures.some(({ reason }) => reason === 'AdmissionDenied') ? now : undefined;
  });
  expect(diffs.code).toBe(2);
  expect(diffs.objects.map(({ key, action }) => [key, action])).toEqual([[`ConfigMap/${namespace}/a`, 'change']]);
  expect(diffs.failures).toEqual([
    {
      key: `ConfigMap/${namespace}/denied`,
      reason: 'AdmissionDenied',
      message: expect.stringMatching(/^app\/denied.yaml:1: .*the name denied is not allowed/),
    },
    { key: `ConfigMap/${namespace}/wrong`, reason: 'ObjectInvalid', message: expect.stringContaining('datum') },
    {
      key: 'Nothing.example.com/x',
      reason: 'UnknownKind',
      message: expect.stringContaining('app/kind.yaml:1: the API server does not know kind Nothing'),
    },
  ]);
  await write(platform, 'app/denied.yaml', 'a: [');
  expect(await told(platform, 'app')).toMatchObject({
    code: 2,
    failures: [{ reason: 'YamlInvalid', message: expect.stringContaining('app/denied.yaml:') }],
  });
}, 60_000);

test('drift is told as drift, an ignored field is not, and another manager as a conflict', async () => {
  await using platform = await applied(
    { 'app/a.yaml': configMap('a'), 'app/b.yaml': configMap('b'), 'app/c.yaml': configMap('c') },
    "suspend: false, drift: {mode: ignore, ignore: [{target: {kind: ConfigMap, name: b}, pointers: ['/data/value']}]}",
  );
  const { cluster, namespace } = platform;
  const edit = (name: string, value: string): Promise<void> =>
    cluster.edit({ apiVersion: 'v1', kind: 'ConfigMap', name, namespace }, { data: { value } });
  await edit('a', 'edited');
  await edit('b', 'edited');
  const drift = await told(platform, 'app');
  expect(drift.code).toBe(1);
  expect(drift.objects).toEqual([
    {
      key: `ConfigMap/${namespace}/a`,
      action: 'drift',
      where: 'app/a.yaml:1',
      fields: [{ path: 'data.value', from: 'edited', to: '1' }],
    },
  ]);
  await edit('c', 'edited');
  await write(platform, 'app/c.yaml', configMap('c', 'mine'));
  const conflict = await told(platform, 'app');
  expect(conflict.code).toBe(2);
  expect(conflict.failures).toEqual([
    { key: `ConfigMap/${namespace}/c`, reason: 'FieldConflict', message: expect.stringContaining('kubectl-edit') },
  ]);
}, 60_000);

test('what can not be tried before the change is there is created with its definition, namespace or stack', async () => {
  await using platform = await applied({ 'root/a.yaml': configMap('a') }, 'path: root');
  const { namespace } = platform;
  const name = namespace.replace('t-', 'k');
  const group = `${name}.example.com`;
  await platform.git.repository.commit({
    'root/crd.yaml': `
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: things.${group}}
spec:
  group: ${group}
  scope: Namespaced
  names: {kind: Thing, plural: things}
  versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}}]
---
apiVersion: ${group}/v1
kind: Thing
metadata: {name: one}
---
apiVersion: v1
kind: Namespace
metadata: {name: new-${name}}
---
${configMap('inside', '1', `  namespace: new-${name}\n`)}
---
apiVersion: plumbline.dev/v1alpha1
kind: Stack
metadata: {name: second, namespace: ${namespace}}
spec: {sourceRef: {name: source}, path: second, serviceAccountName: deployer}
`,
    'second/b.yaml': configMap('b'),
  });
  const { code, out } = await diff(platform, '--source', 'source', '-o', 'json');
  const [root, second] = (JSON.parse(out) as Told).stacks;
  expect(code).toBe(1);
  expect(root?.failures).toEqual([]);
  expect(root?.objects.map(({ key, action, note }) => [key, action, note])).toEqual([
    [`CustomResourceDefinition.apiextensions.k8s.io/things.${group}`, 'create', undefined],
    [`Namespace/new-${name}`, 'create', undefined],
    [`ConfigMap/new-${name}/inside`, 'create', expect.stringContaining('its namespace comes with the same change')],
    [`Thing.${group}/${namespace}/one`, 'create', expect.stringContaining('its kind is defined in the same change')],
    [`Stack.plumbline.dev/${namespace}/second`, 'create', undefined],
  ]);
  expect(second).toMatchObject({
    stack: `${namespace}/second`,
    notes: ['the stack comes with this change'],
    objects: [{ key: `ConfigMap/${namespace}/b`, action: 'create' }],
  });
}, 60_000);

test('a stack that is not in the cluster is read from a file; an object moves between stacks without being pruned', async () => {
  await using platform = await applied({ 'app/a.yaml': configMap('a'), 'app/b.yaml': configMap('b') });
  const { namespace, git } = platform;
  await git.repository.commit({ 'app/b.yaml': null, 'other/b.yaml': configMap('b') });
  const file = join(git.repository.folder, 'stack.yaml');
  const stack = (path: string): string =>
    `apiVersion: plumbline.dev/v1alpha1\nkind: Stack\nmetadata: {name: other}\nspec: {sourceRef: {name: source}, serviceAccountName: deployer, path: ${path}}\n`;
  await writeFile(file, stack('other'));
  const fresh = await told(platform, '--file', file);
  expect(fresh).toMatchObject({ stack: `${namespace}/other`, code: 1, failures: [] });
  expect(fresh.objects).toEqual([
    expect.objectContaining({
      key: `ConfigMap/${namespace}/b`,
      action: 'adopt',
      fields: [{ path: 'metadata.labels["plumbline.dev/stack"]', from: 'app', to: 'other' }],
    }),
  ]);
  // The stack that it leaves has nothing to prune, once the other one is known.
  expect(await told(platform, 'app', '--file', file)).toMatchObject({ code: 0, objects: [] });
  expect((await told(platform, 'app')).objects).toMatchObject([{ key: `ConfigMap/${namespace}/b`, action: 'prune' }]);
  await writeFile(file, stack('../other'));
  const wrong = await diff(platform, '--file', file);
  expect(wrong).toMatchObject({ code: 2, out: '' });
  expect(wrong.error).toMatch(/stack.yaml:1: spec.path, expected .*inside the repository/);
}, 60_000);

test('the repository is recognised by its remotes; a foreign one gets a sentence', async () => {
  await using platform = await applied({ 'app/a.yaml': configMap('a') });
  const { repository } = platform.git;
  const foreign = await diff(platform);
  expect(foreign).toMatchObject({ code: 2, out: '' });
  expect(foreign.error).toMatch(
    /no GitSource fetches .*, whose remotes are none; name a stack, or a source with --source\n$/,
  );
  await repository.git('remote', 'add', 'origin', platform.git.url);
  expect(await diff(platform)).toMatchObject({ code: 0, out: expect.stringContaining(`${platform.namespace}/app`) });
}, 60_000);

test('who may not impersonate is told that the rights are their own', async () => {
  await using platform = await applied({ 'app/a.yaml': configMap('a') });
  const { cluster, namespace } = platform;
  await cluster.apply(`
apiVersion: v1
kind: ServiceAccount
metadata: {name: reader, namespace: ${namespace}}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: reader, namespace: ${namespace}}
rules:
  - {apiGroups: [plumbline.dev], resources: ["*"], verbs: [get, list]}
  - {apiGroups: [""], resources: [configmaps], verbs: [get, patch]}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: reader, namespace: ${namespace}}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: reader}
subjects: [{kind: ServiceAccount, name: reader, namespace: ${namespace}}]
`);
  const file = join(platform.git.repository.folder, '..', 'reader.kubeconfig');
  await writeFile(file, await tokenConfig(platform, 'reader'));
  await write(platform, 'app/a.yaml', configMap('a', '2'));
  await write(platform, 'app/login.yaml', secret('a-password'));
  const { account, notes, objects, failures } = await told(platform, 'app', '--kubeconfig', file);
  expect(account).toBe('you');
  expect(notes).toEqual([
    `tried as you: you may not impersonate ServiceAccount ${namespace}/deployer, whose rights may be others`,
  ]);
  expect(objects).toMatchObject([{ action: 'change' }]);
  expect(failures).toMatchObject([{ key: `Secret/${namespace}/login`, reason: 'Forbidden' }]);
}, 60_000);

/** A kubeconfig with a real token of a ServiceAccount. */
async function tokenConfig({ cluster, namespace }: Platform, account: string): Promise<string> {
  const { server, ca = '' } = await loadClusterConfig({ kubeconfig });
  const { body } = await cluster.transport.request<{ status: { token: string } }>({
    method: 'POST',
    path: `/api/v1/namespaces/${namespace}/serviceaccounts/${account}/token`,
    body: { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: {} },
  });
  return kubeconfigText({ server, ca, token: body.status.token });
}
