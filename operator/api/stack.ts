/** `Stack`: a path of a source, and how it is applied, ordered, watched and removed. */
import {
  conditions,
  duration,
  insideRepository,
  lastHandledReconcileAt,
  name,
  observedGeneration,
  time,
} from './common-fields.ts';
import { defineKind, type CustomObject } from './kind.ts';
import { engineRules, outputs, pulumi } from './pulumi.ts';
import {
  boolean,
  integer,
  list,
  object,
  oneOf,
  optional,
  text,
  type Optional,
  type ReadOf,
  type WrittenOf,
} from './schema.ts';

const reference = {
  name: name('Name of the object.'),
  namespace: optional(name('Namespace; that of the stack when absent.')),
};
const expression = (about: string): Optional<string> => optional(text(`${about} CEL over self.`, { max: 4096 }));

const drift = object(
  'What is done about live objects that somebody else changed.',
  {
    mode: oneOf('correct puts back, warn only tells, ignore does neither.', ['correct', 'warn', 'ignore'], {
      default: 'correct',
    }),
    ignore: optional(
      list(
        'Fields that others may change.',
        object('Fields of some objects.', {
          target: optional(
            object('Which objects; all when absent.', {
              group: optional(text('API group, empty for the core.', { max: 253 })),
              kind: optional(text('Kind.', { max: 253 })),
              name: optional(name('Name.')),
              namespace: optional(name('Namespace.')),
            }),
          ),
          pointers: list(
            'JSON pointers (RFC 6901).',
            text('A pointer.', {
              max: 1024,
              rules: [
                {
                  rule: "self.startsWith('/')",
                  message: 'a JSON pointer must begin with /',
                  holds: (pointer) => pointer.startsWith('/'),
                },
              ],
            }),
            { max: 50 },
          ),
        }),
        { max: 50 },
      ),
    ),
  },
  { hasDefault: true },
);

const approval = optional(
  object('Who must agree before something changes: docs/plans.md. No Plan is made when absent.', {
    mode: oneOf(
      'manual asks for every plan, onDestructive for plans that delete or replace something, auto records and goes on.',
      ['manual', 'auto', 'onDestructive'],
      { default: 'manual' },
    ),
    approvals: integer('How many different people must agree.', { min: 1, max: 20, default: 1 }),
    signers: optional(
      object('Keys of those who may approve by a signed commit, in the namespace of the stack.', {
        kind: oneOf('What holds the keys.', ['ConfigMap', 'Secret'], { default: 'ConfigMap' }),
        name: name('Its name. Entry allowed_signers: SSH keys as git reads them; entries *.asc: OpenPGP keys.'),
      }),
    ),
  }),
);

const fields = {
  sourceRef: object('The source.', {
    ...reference,
    kind: oneOf('Kind of the source.', ['GitSource'], { default: 'GitSource' }),
  }),
  path: text('Folder or file of the repository.', {
    max: 1024,
    default: '.',
    rules: [insideRepository],
  }),
  engine: oneOf('What the files are: objects as they are applied, or a Pulumi program.', ['manifests', 'pulumi'], {
    default: 'manifests',
  }),
  pulumi: optional(pulumi),
  dependsOn: optional(list('Stacks that must be ready first.', object('A stack.', reference), { max: 100 })),
  interval: duration('How often a settled stack is looked at again; changes wake it at once.', '10m'),
  retryInterval: optional(duration('Fixed wait after a failure, instead of one that doubles from 1 s to 5 m.')),
  timeout: duration('How long one apply, and then health, may take.', '5m'),
  prune: boolean('Delete objects that left Git.', { default: true }),
  wait: boolean('Ready only when every object is healthy.', { default: true }),
  healthChecks: optional(
    list(
      'Health of kinds that do not follow the conventions, and of named objects beside the stack: docs/health.md.',
      object('Health of one kind or object.', {
        apiVersion: text('Group and version.', { max: 253 }),
        kind: text('Kind.', { max: 253 }),
        name: optional(name('Only this object.')),
        namespace: optional(
          name(
            'Only in this namespace; for a named object that the stack does not own, that of the stack when absent.',
          ),
        ),
        current: expression('True when the object is as wanted.'),
        inProgress: expression('True while it is on its way.'),
        failed: expression('True when it will not get there.'),
      }),
      { max: 50 },
    ),
  ),
  drift,
  force: boolean('Take fields over from other managers.', { default: false }),
  recreate: boolean('Delete and create an object when an immutable field changes.', { default: false }),
  approval,
  allowEmpty: boolean('Allow a commit that holds no object to remove everything.', { default: false }),
  // Always of the stack's own namespace: no colon or slash may make it one of another.
  serviceAccountName: optional(
    text('ServiceAccount of the namespace of the stack that its objects are applied as.', {
      min: 1,
      max: 253,
      pattern: '^[a-z0-9]([-.a-z0-9]*[a-z0-9])?$',
    }),
  ),
  targetNamespace: optional(
    text('Namespace that all namespaced objects are put into.', {
      max: 63,
      pattern: '^[a-z0-9]([-a-z0-9]*[a-z0-9])?$',
    }),
  ),
  suspend: boolean('Do nothing.', { default: false }),
  deletionPolicy: oneOf('What happens to the objects when the stack is deleted.', ['Delete', 'Orphan'], {
    default: 'Delete',
  }),
  history: integer('Changes and rendered revisions that are kept.', { min: 1, max: 100, default: 10 }),
  pruneLimit: integer('Percent of the objects that may be pruned at once without a confirmation; ten may always.', {
    min: 0,
    max: 100,
    default: 50,
  }),
};

const spec = object('What to apply, as whom, when.', fields, { rules: engineRules });

const status = object('How things stand.', {
  observedGeneration,
  lastHandledReconcileAt,
  applied: optional(
    object('What was applied last.', {
      revision: text('Name of the revision.', { max: 512 }),
      commit: text('Commit id.', { max: 64 }),
      tree: text('Git id of the path.', { max: 64 }),
      digest: text('Digest of the rendered objects.', { max: 128 }),
      generation: integer('Generation of the spec.', { min: 0, max: Number.MAX_SAFE_INTEGER, int64: true }),
      inventory: optional(text('Digest of what the inventory held then.', { max: 64 })),
      inputs: optional(text('Digest of the config and environment that a Pulumi program was given.', { max: 128 })),
      time: time('When.'),
    }),
  ),
  wanted: optional(
    object('What is to be applied.', {
      revision: text('Name of the revision.', { max: 512 }),
      commit: text('Commit id.', { max: 64 }),
    }),
  ),
  objects: optional(integer('Number of objects owned.', { min: 0, max: 1_000_000 })),
  failures: optional(
    list(
      'Objects that failed, the first 50.',
      object('One object.', {
        object: text('Kind.group/namespace/name.', { max: 1024 }),
        reason: text('Reason.', { max: 64 }),
        message: text('One sentence.', { max: 1024 }),
      }),
      { max: 50 },
    ),
  ),
  outputs: optional(outputs),
  secretOutputs: optional(
    list('Outputs that are in the Secret `<stack>-outputs`.', text('Name.', { max: 253 }), { max: 500 }),
  ),
  refreshed: optional(time('When the state was last compared with what the providers say.')),
  failureCount: optional(integer('Number of objects that failed.', { min: 0, max: 1_000_000 })),
  drift: optional(
    list(
      'Fields that somebody else changed, the newest 50.',
      object('One field.', {
        object: text('Kind.group/namespace/name.', { max: 1024 }),
        field: text('Path of the field; empty when the object was deleted.', { max: 1024 }),
        from: text('What Git says.', { max: 512 }),
        to: text('What was found.', { max: 512 }),
        manager: text('Field manager that did it.', { max: 256 }),
        time: time('When it was found.'),
        healed: boolean('Whether it was put back.'),
      }),
      { max: 50 },
    ),
  ),
  waitingFor: optional(text('What the stack waits for.', { max: 32_768 })),
  nextTry: optional(time('When a failure is tried again.')),
  conditions,
});

export type StackSpec = ReadOf<typeof spec>;
/** The spec as people write it. */
export type StackInput = WrittenOf<typeof spec>;
export type Stack = CustomObject<StackSpec, ReadOf<typeof status>>;

export const stackKind = defineKind({
  kind: 'Stack',
  plural: 'stacks',
  shortNames: ['stk'],
  about: 'A path of a source, kept applied.',
  spec,
  status,
  rules: [
    {
      rule: 'self.metadata.name.size() <= 63',
      message: 'the name of a stack must not be longer than 63 characters: it becomes a label',
      holds: ({ metadata }) => metadata.name.length <= 63,
    },
  ],
  columns: [
    { name: 'Ready', path: '.status.conditions[?(@.type=="Ready")].status' },
    { name: 'Status', path: '.status.conditions[?(@.type=="Ready")].message' },
    { name: 'Revision', path: '.status.applied.revision' },
    { name: 'Age', path: '.metadata.creationTimestamp', type: 'date' },
    { name: 'Source', path: '.spec.sourceRef.name', priority: 1 },
    { name: 'Path', path: '.spec.path', priority: 1 },
    { name: 'Objects', path: '.status.objects', type: 'integer', priority: 1 },
  ],
});
