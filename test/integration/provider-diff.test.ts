/** What the Kubernetes provider says would change: with the real engine, against what is live. */
import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { cluster, kubeconfig, PulumiProgram, testNamespace, type TestCluster } from '#testing';

interface Row {
  readonly what: string;
  readonly name: string;
  /** The resource in the program; `v` is '1' at first, then '2'. */
  readonly program: string;
  /** Steps of the preview, and what it says that changes; undefined when nothing is to be done. */
  readonly steps?: readonly string[];
  readonly changes?: Readonly<Record<string, string>>;
}

const rows: readonly Row[] = [
  {
    what: 'a label changes in place',
    name: 'label',
    program: `new k8s.core.v1.ConfigMap('label', { metadata: { name: 'label', namespace, labels: { 'example.com/v': v } } });`,
    steps: ['update'],
    changes: { 'metadata.labels["example.com/v"]': 'update' },
  },
  {
    what: 'a field comes, another goes',
    name: 'fields',
    program: `new k8s.core.v1.ConfigMap('fields', { metadata: { name: 'fields', namespace, ...(v === '1' ? { labels: { old: v } } : { annotations: { new: v } }) } });`,
    steps: ['update'],
    changes: { 'metadata.labels': 'delete', 'metadata.annotations': 'add' },
  },
  {
    what: 'the selector of a Deployment asks for a new one',
    name: 'selector',
    program: `workload('selector', { app: \`selector-\${v}\` });`,
    steps: ['replace'],
    changes: { 'spec.selector.matchLabels.app': 'update-replace', 'spec.template.metadata.labels.app': 'update' },
  },
  {
    what: 'data of a ConfigMap makes a new one',
    name: 'unnamed',
    program: `new k8s.core.v1.ConfigMap('unnamed', { metadata: { namespace }, data: { v } });`,
    steps: ['replace'],
    changes: { 'data.v': 'update-replace' },
  },
  {
    what: 'the content of a Secret makes a new one, and is not shown',
    name: 'secret',
    program: `new k8s.core.v1.Secret('secret', { metadata: { name: 'secret', namespace }, stringData: { key: \`hidden-\${v}\` } });`,
    steps: ['replace'],
    changes: { 'stringData.key': 'update-replace' },
  },
  {
    what: 'another way to write the same Secret changes nothing',
    name: 'rewritten',
    program: `new k8s.core.v1.Secret('rewritten', { metadata: { name: 'rewritten', namespace }, ...(v === '1' ? { stringData: { key: 'hi' } } : { data: { key: 'aGk=' } }) });`,
  },
  {
    what: 'what ignoreChanges names is no change',
    name: 'ignored',
    program: `new k8s.core.v1.ConfigMap('ignored', { metadata: { name: 'ignored', namespace, labels: { v, a: 'a' } } }, { ignoreChanges: ['metadata.labels.v'] });`,
  },
  {
    what: 'a newer version of the same kind changes in place',
    name: 'moved',
    program: `new k8s.autoscaling[v === '1' ? 'v1' : 'v2'].HorizontalPodAutoscaler('moved', { metadata: { name: 'moved', namespace }, spec: { maxReplicas: 3, scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'none' } } });`,
    steps: ['update'],
    changes: { apiVersion: 'update' },
  },
  {
    what: 'what is not known before the update counts as changed',
    name: 'unknown',
    program: `new k8s.core.v1.ConfigMap('unknown', { metadata: { name: 'unknown', namespace, labels: { v: v === '1' ? v : new k8s.core.v1.ConfigMap('late', { metadata: { namespace } }).metadata.uid } } });`,
    steps: ['update'],
    changes: { 'metadata.labels.v': 'update' },
  },
  {
    what: 'a hand edit is named beside what the program changes',
    name: 'edited',
    program: `workload('edited', { app: 'edited' }, { labels: { v }, replicas: 2 });`,
    steps: ['update'],
    changes: { 'metadata.labels.v': 'update', 'spec.replicas': 'update' },
  },
  {
    what: 'a hand edit alone is not looked for',
    name: 'drifted',
    program: `new k8s.core.v1.ConfigMap('drifted', { metadata: { name: 'drifted', namespace, labels: { a: 'a' } } });`,
  },
  {
    what: 'a Job that has not ended well is made anew where that is asked for',
    name: 'unready',
    program: `new k8s.batch.v1.Job('unready', { metadata: { name: 'unready', namespace, annotations: { 'pulumi.com/replaceUnready': 'true', 'pulumi.com/skipAwait': 'true' } }, spec: { template: { spec: { restartPolicy: 'Never', containers: [{ name: 'a', image: 'a:1' }] } } } });`,
    steps: ['replace'],
    changes: {},
  },
];

let api: TestCluster;
let namespace: string;
let program: PulumiProgram;
const said: string[] = [];

interface Step {
  readonly op: string;
  readonly urn: string;
  readonly detailedDiff?: Readonly<Record<string, { readonly kind: string }>>;
}
let steps: readonly Step[] = [];

const body = (v: string): string => `
const v: string = '${v}';
const namespace = '${namespace}';
function workload(name: string, labels: Record<string, string>, { replicas = 1, ...metadata }: { replicas?: number; labels?: Record<string, string> } = {}) {
  const resources = { requests: { cpu: '1000m' } };
  return new k8s.apps.v1.Deployment(name, {
    metadata: { name, namespace, annotations: { 'pulumi.com/skipAwait': 'true', 'pulumi.com/patchForce': 'true' }, ...metadata },
    spec: { replicas, selector: { matchLabels: labels }, template: { metadata: { labels }, spec: { containers: [{ name: 'a', image: 'a:1', resources }] } } },
  });
}
${rows.map((row) => row.program).join('\n')}`;

const edit = (kind: 'ConfigMap' | 'Deployment', name: string, patch: unknown): Promise<void> =>
  api.edit({ apiVersion: kind === 'ConfigMap' ? 'v1' : 'apps/v1', kind, name, namespace }, patch);

const up = ['up', '--yes', '--skip-preview', '--stack', 'dev'];

beforeAll(async () => {
  api = await cluster();
  namespace = await testNamespace(api);
  program = await PulumiProgram.create(await readFile(kubeconfig, 'utf8'));
  await program.write(body('1'));
  said.push(await program.succeed(up));
  await edit('Deployment', 'edited', { spec: { replicas: 5 } });
  await edit('ConfigMap', 'drifted', { metadata: { labels: { a: 'b' } } });
  await program.write(body('2'));
  const preview = await program.succeed(['preview', '--json', '--stack', 'dev']);
  said.push(preview);
  ({ steps } = JSON.parse(preview.slice(preview.indexOf('{'))) as { steps: readonly Step[] });
}, 60_000);

afterAll(async () => {
  await api[Symbol.asyncDispose]();
});

describe.each(rows)('$what', ({ name, steps: expected, changes }) => {
  test('in the preview', () => {
    const own = steps.filter(({ urn, op }) => urn.endsWith(`::${name}`) && op !== 'same');
    expect(own.map(({ op }) => op)).toEqual(expected ?? []);
    const told = own.find(({ detailedDiff }) => detailedDiff !== undefined)?.detailedDiff ?? {};
    expect(Object.fromEntries(Object.entries(told).map(([path, { kind }]) => [path, kind]))).toEqual(changes ?? {});
  });
});

test('the update does what the preview said, and where all is to be put right what drifted or went, too; no secret is shown', async () => {
  const moved = await api.get('autoscaling/v1', 'HorizontalPodAutoscaler', 'moved', namespace);
  await api.delete('v1', 'ConfigMap', 'ignored', namespace);
  said.push(await program.succeed(up, { PLUMBLINE_HEAL: 'true' }));
  const after = await api.get('autoscaling/v1', 'HorizontalPodAutoscaler', 'moved', namespace);
  expect(after?.metadata.uid).toBe(moved?.metadata.uid);
  expect(await api.get('apps/v1', 'Deployment', 'edited', namespace)).toMatchObject({ spec: { replicas: 2 } });
  const drifted = await api.get('v1', 'ConfigMap', 'drifted', namespace);
  expect(drifted?.metadata.labels).toEqual({ a: 'a' });
  expect(await api.get('v1', 'ConfigMap', 'ignored', namespace)).toBeDefined();
  expect(said.join('\n')).not.toMatch(/hidden-\d|aGlkZGVuL/);
});

test('after a refresh nothing has changed, however the API server writes it', async () => {
  const again = await program.succeed([...up, '--refresh', '--exclude', '**unready', '--expect-no-changes']);
  expect(again).not.toMatch(/updated|replaced/);
});
