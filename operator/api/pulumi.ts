/** `spec.pulumi` of a Stack: which Pulumi stack its program is, what the program is given, how it is run. */
import { duration, insideRepository, name } from './common-fields.ts';
import {
  boolean,
  integer,
  list,
  map,
  object,
  oneOf,
  optional,
  text,
  type Fieldset,
  type Node,
  type Optional,
  type ReadOf,
  type Rule,
} from './schema.ts';

/** As POSIX has the name of a variable. */
const variable = '^[A-Za-z_][A-Za-z0-9_]*$';
const longestValue = 16_384;

const keyRef = (what: string): Optional<{ readonly name: string; readonly key: string }> =>
  optional(
    object(`A key of a ${what} in the namespace of the stack.`, {
      name: name(`Name of the ${what}.`),
      key: text('Key in it.', { min: 1, max: 253 }),
    }),
  );

const wholeRef = (what: string): Optional<{ readonly name: string }> =>
  optional(object(`All keys of a ${what} in the namespace of the stack.`, { name: name(`Name of the ${what}.`) }));

/** Exactly one of the fields is there. */
const oneOfFields = (where: string, fields: readonly string[]): Rule<Fieldset> => ({
  rule: `[${fields.map((field) => `has(self.${field})`).join(', ')}].exists_one(given, given)`,
  message: `${where} takes exactly one of ${fields.join(', ')}`,
  holds: (value) => fields.filter((field) => value[field] !== undefined).length === 1,
});

const configFrom = object(
  'One value of the config.',
  {
    key: text('`project:key`, or the key alone for the project of the program.', { min: 1, max: 512 }),
    path: boolean('The key is a path into a map or list: `servers[0].name`.', { default: false }),
    secret: optional(
      boolean('Kept encrypted, and never shown; when absent, what comes from a Secret or a secret output is.'),
    ),
    value: optional(text('The value itself.', { max: longestValue })),
    secretKeyRef: keyRef('Secret'),
    configMapKeyRef: keyRef('ConfigMap'),
    env: optional(text('A variable of the environment of the program.', { max: 253, pattern: variable })),
    stackOutput: optional(
      object('An output of another Pulumi stack, which has to be ready first.', {
        name: name('Name of the Stack.'),
        namespace: optional(name('Namespace; that of the stack when absent.')),
        output: text('Name of the output.', { min: 1, max: 253 }),
      }),
    ),
  },
  { rules: [oneOfFields('configFrom', ['value', 'secretKeyRef', 'configMapKeyRef', 'env', 'stackOutput'])] },
);

const envFrom = object(
  'One variable, or all keys of a Secret or ConfigMap.',
  {
    name: optional(text('Name of the variable; the key when absent.', { max: 253, pattern: variable })),
    secretKeyRef: keyRef('Secret'),
    configMapKeyRef: keyRef('ConfigMap'),
    secretRef: wholeRef('Secret'),
    configMapRef: wholeRef('ConfigMap'),
  },
  {
    rules: [
      oneOfFields('envFrom', ['secretKeyRef', 'configMapKeyRef', 'secretRef', 'configMapRef']),
      {
        rule: '!has(self.name) || has(self.secretKeyRef) || has(self.configMapKeyRef)',
        message: 'envFrom.name goes with secretKeyRef or configMapKeyRef: all keys of a Secret keep their names',
        holds: (from) =>
          from['name'] === undefined || (from['secretRef'] === undefined && from['configMapRef'] === undefined),
      },
    ],
  },
);

const urns = (about: string): Optional<readonly string[]> =>
  optional(list(about, text('A URN; `**` and `*` stand for any part.', { min: 1, max: 1024 }), { max: 100 }));

export const pulumi = object('How the program at spec.path is run, with `engine: pulumi`: docs/pulumi.md.', {
  project: optional(text('Name that Pulumi.yaml must give the project; any when absent.', { min: 1, max: 100 })),
  stack: optional(
    text('Name of the Pulumi stack, `dev` or `organization/project/dev`; that of the Stack when absent.', {
      max: 300,
      pattern: '^[A-Za-z0-9_.-]+(/[A-Za-z0-9_.-]+){0,2}$',
    }),
  ),
  backend: optional(
    text('URL where the state is kept, like s3://bucket; in the cluster when absent.', {
      max: 2048,
      pattern: '^(file|s3|gs|azblob|postgres)://.+$',
    }),
  ),
  secretsProvider: text('`passphrase`, or the URL of a key service, like awskms://alias/name.', {
    max: 2048,
    default: 'passphrase',
  }),
  passphraseSecretRef: optional(
    object('Secret with the passphrase, in the namespace of the stack; one is made on first use when absent.', {
      name: name('Name of the Secret.'),
      key: text('Key in it.', { min: 1, max: 253, default: 'passphrase' }),
    }),
  ),
  config: optional(
    map('Config by key, beside the stack file in Git, which it goes before.', text('Value.', { max: longestValue }), {
      max: 200,
    }),
  ),
  configFrom: optional(list('Config that is kept elsewhere; goes before config.', configFrom, { max: 100 })),
  env: optional(
    map(
      'Environment of the program, which gets no other variable of the operator.',
      text('Value.', { max: longestValue }),
      {
        max: 200,
      },
    ),
  ),
  envFrom: optional(list('Environment that is kept elsewhere; goes before env.', envFrom, { max: 100 })),
  reads: optional(
    list(
      'Other paths of the repository that the program reads: a commit that changes them runs it, too.',
      text('A folder or file.', {
        max: 1024,
        rules: [insideRepository],
      }),
      { max: 20 },
    ),
  ),
  refresh: oneOf(
    'When the state is compared with what the providers say: never, before each run, or every refreshInterval.',
    ['never', 'beforeRun', 'onDriftSchedule'],
    { default: 'never' },
  ),
  refreshInterval: duration('With refresh: onDriftSchedule, how often.', '1h'),
  expectNoRefreshChanges: boolean(
    'A refresh that finds changes fails the run before it changes anything; one on schedule tells them as drift and changes nothing.',
    {
      default: false,
    },
  ),
  targets: urns('Only these resources are changed; all when absent.'),
  targetDependents: boolean('And what depends on them.', { default: false }),
  replace: urns('Resources that are made anew by the next run of each new content.'),
  parallel: integer('Operations on resources at once; 0 for as many as Pulumi likes.', {
    min: 0,
    max: 1000,
    default: 0,
  }),
  continueOnError: boolean('Go on with the resources that do not depend on one that failed.', { default: false }),
  destroyOnDelete: boolean(
    'With deletionPolicy: Delete, whether the resources go with the stack. Where they stay, so does the state.',
    { default: true },
  ),
  retryOnConflict: boolean('Wait and try again when another run holds the lock of the state.', { default: true }),
  memoryMiB: integer('Memory that the program may take; the engine beside it takes 250 more.', {
    min: 64,
    max: 1_048_576,
    default: 512,
  }),
  allowScripts: boolean('Run the install scripts of the npm packages of the program.', { default: false }),
});

export type PulumiSpec = ReadOf<typeof pulumi>;

/** What only one of the engines can do. */
export const engineRules: readonly Rule<Fieldset>[] = [
  {
    rule: "self.engine == 'pulumi' || !has(self.pulumi)",
    message: 'spec.pulumi goes with engine: pulumi',
    holds: ({ engine, pulumi: given }) => engine === 'pulumi' || given === undefined,
  },
  {
    rule: "self.engine != 'pulumi' || !has(self.targetNamespace)",
    message: 'targetNamespace is of engine: manifests; give the provider of the program a namespace instead',
    holds: ({ engine, targetNamespace }) => engine !== 'pulumi' || targetNamespace === undefined,
  },
  {
    rule: "self.engine != 'pulumi' || !has(self.recreate) || !self.recreate",
    message: 'recreate is of engine: manifests; Pulumi itself decides what has to be replaced',
    holds: ({ engine, recreate }) => engine !== 'pulumi' || recreate !== true,
  },
];

/** A bounded look at what a program gave out. */
export const outputs: Node<Readonly<Record<string, string>>> = map(
  'Outputs of the program that are no secrets, as text or JSON; longer ones and secrets are in the Secret `<stack>-outputs`.',
  text('Value.', { max: 1024 }),
  { max: 100 },
);
