/** What becomes of every field of the Pulumi operator's Workspace and Update. */
import { ref, type Row } from './pulumi-operator-row.ts';

/** Of `workspaceTemplate.spec`, and of a Workspace by itself. */
export const workspaceRows: readonly Row[] = [
  { fields: ['serviceAccountName'], given: 'serviceAccountName: w', spec: { serviceAccountName: 'w' } },
  ...['image', 'imagePullPolicy', 'securityProfile'].map((field): Row => ({
    fields: [field],
    given: `${field}: x`,
    told: [new RegExp(`${field}: no pod is kept`)],
  })),
  ...['podTemplate', 'serviceTemplate'].map((field): Row => ({
    fields: [field],
    given: `${field}: {spec: {}}`,
    told: [new RegExp(`${field}: no pod is kept`)],
  })),
  { fields: ['pulumiLogLevel'], given: 'pulumiLogLevel: 3', told: [/plumbline logs/] },
  { fields: ['resources'], given: 'resources: {limits: {memory: 2Gi}}', pulumi: { memoryMiB: 2048 } },
  {
    fields: ['resources'],
    given: 'resources: {limits: {memory: 1k, cpu: 2}, requests: {cpu: 1}}',
    told: [/1k is no memory/, /cpu: the processor is shared/, /requests: nothing is set aside/],
  },
  {
    fields: ['env'],
    given: 'env: [{name: A, value: x}, {name: B, valueFrom: {secretKeyRef: {name: s, key: k}}}]',
    pulumi: { env: { A: 'x' }, envFrom: [{ name: 'B', ...ref('s', 'k') }] },
  },
  {
    fields: ['env'],
    given: 'env: [{name: A, valueFrom: {fieldRef: {fieldPath: metadata.name}}}]',
    told: [/fieldRef: no pod runs the program/],
  },
  {
    fields: ['envFrom'],
    given: 'envFrom: [{secretRef: {name: s}}, {prefix: P_, configMapRef: {name: m, optional: true}}]',
    pulumi: { envFrom: [{ secretRef: { name: 's' } }, { configMapRef: { name: 'm' } }] },
    told: [/prefix: variables keep the names/, /optional: .* missing is always an error/],
  },
  {
    fields: ['git.url', 'git.ref', 'git.dir', 'git.shallow'],
    given: 'git: {url: "https://example.com/x", ref: main, dir: app, shallow: true}',
    source: { url: 'https://example.com/x', ref: { branch: 'main' } },
    spec: { path: 'app' },
    told: [/shallow: every fetch is partial/],
  },
  {
    fields: ['git.auth'],
    given: 'git: {url: "https://example.com/x", auth: {token: {name: s, key: k}}}',
    source: { url: 'https://example.com/x', secretRef: { name: 'app-git' } },
    told: [/make Secret app-git .* from what token names/],
  },
  { fields: ['flux'], given: 'flux: {url: x}', told: [/flux: an artifact of Flux is no source/] },
  { fields: ['local'], given: 'local: {dir: x}', told: [/local: a folder of the workspace is not there/] },
  {
    fields: ['projectInfo'],
    given: 'projectInfo: {name: x, runtime: nodejs}',
    told: [/projectInfo: Pulumi\.yaml of the repository says it/],
  },
  {
    fields: ['stacks[].name', 'stacks[].secretsProvider'],
    given: 'stacks: [{name: organization/web/prod, secretsProvider: "gcpkms://x"}]',
    pulumi: { stack: 'organization/web/prod', secretsProvider: 'gcpkms://x' },
  },
  {
    fields: ['stacks[].create'],
    given: 'stacks: [{name: organization/web/dev, create: false}]',
    told: [/create: a stack that has no state yet is made/],
  },
  {
    fields: ['stacks[].environment'],
    given: 'stacks: [{name: organization/web/dev, environment: [x]}]',
    told: [/environment: Pulumi ESC is not asked/],
  },
  {
    fields: ['stacks[].config'],
    given:
      'stacks: [{name: organization/web/dev, config: [{key: a, value: 1}, {key: b.c, path: true, value: x}, {key: d, secret: true, valueFrom: {env: E}}]}]',
    pulumi: {
      config: { a: '1' },
      configFrom: [
        { key: 'b.c', path: true, value: 'x' },
        { key: 'd', secret: true, env: 'E' },
      ],
    },
  },
  {
    fields: ['stacks[].config'],
    given:
      'stacks: [{name: organization/web/dev, config: [{key: d, secret: true, value: hunter2}, {key: e, valueFrom: {path: /x}}, {key: f, valueFrom: {env: F, json: true}}]}]',
    pulumi: {
      configFrom: [
        { key: 'd', secret: true, ...ref('app-config', 'd') },
        { key: 'f', env: 'F' },
      ],
    },
    told: [/put it into Secret app-config, key d$/, /path: a file of the workspace/, /json: the value stays text/],
  },
];

/** Of `updateTemplate.spec`, and of an Update by itself. */
export const updateRows: readonly Row[] = [
  {
    fields: ['parallel', 'replace', 'target', 'targetDependents', 'continueOnError', 'refresh'],
    given: '{parallel: 4, replace: [r], target: [t], targetDependents: true, continueOnError: true, refresh: true}',
    pulumi: {
      parallel: 4,
      replace: ['r'],
      targets: ['t'],
      targetDependents: true,
      continueOnError: true,
      refresh: 'beforeRun',
    },
  },
  ...(
    [
      ['workspaceName', 'x', /it is the Stack that runs/],
      ['stackName', 'x', /it is the Stack that says it/],
      ['type', 'up', /the Stack decides/],
      ['ttlAfterCompleted', '1h', /spec\.history says how many are kept/],
      ['message', 'x', /the commit says why/],
      ['expectNoChanges', 'true', /plumbline preview/],
      ['remove', 'true', /its state is removed/],
      ['runProgram', 'true', /work from the state/],
    ] as const
  ).map(([field, value, told]): Row => ({ fields: [field], given: `${field}: ${value}`, told: [told] })),
];
