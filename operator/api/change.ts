/** `Change`: the immutable record of one applied revision. */
import { time } from './common-fields.ts';
import { defineKind, type CustomObject } from './kind.ts';
import { integer, list, object, oneOf, optional, text, type ReadOf, type Required } from './schema.ts';

const count = (about: string): Required<number> => integer(about, { min: 0, max: 1_000_000 });

const spec = object(
  'What was done, on whose word, with what result.',
  {
    stack: text('Name of the stack.', { max: 63 }),
    revision: text('Name of the revision.', { max: 512 }),
    commit: object('The commit.', {
      sha: text('Commit id.', { max: 64 }),
      author: text('Author, name and address.', { max: 512 }),
      committer: text('Committer, name and address.', { max: 512 }),
      subject: text('First line of the message.', { max: 512 }),
      time: time('When it was committed.'),
    }),
    digest: text('Digest of the rendered objects.', { max: 128 }),
    plan: optional(
      object('The plan that was applied, where the stack asks for approval.', {
        name: text('Name of the Plan.', { max: 253 }),
        digest: text('Digest of the Plan.', { max: 80 }),
        approvals: list(
          'Who agreed.',
          object('One person.', {
            user: text('Name, as the API server or the signature proves it.', { max: 512 }),
            by: oneOf('How.', ['Approval', 'annotation', 'commit']),
            reference: optional(text('Name of the Approval, or commit id.', { max: 512 })),
            time: time('When.'),
          }),
          { max: 100 },
        ),
      }),
    ),
    result: oneOf('How it ended.', ['Applied', 'Failed', 'Healed']),
    objects: list(
      'What happened to which object, the first 500.',
      object('One object.', {
        object: text('Kind.group/namespace/name.', { max: 1024 }),
        action: oneOf('What was done.', ['created', 'configured', 'recreated', 'adopted', 'unchanged', 'pruned']),
        fields: optional(
          list('Fields that changed, the first 20.', text('Path of a field.', { max: 1024 }), { max: 20 }),
        ),
      }),
      { max: 500 },
    ),
    created: count('Objects created.'),
    configured: count('Objects changed.'),
    pruned: count('Objects deleted.'),
    failed: count('Objects that failed.'),
    message: text('One sentence.', { max: 1024 }),
    startedAt: time('When the work began.'),
    durationMs: integer('Milliseconds that it took.', { min: 0, max: Number.MAX_SAFE_INTEGER, int64: true }),
  },
  { rules: [{ rule: 'self == oldSelf', message: 'a Change is a record: it cannot be changed' }] },
);

export type Change = CustomObject<ReadOf<typeof spec>, object>;

export const changeKind = defineKind({
  kind: 'Change',
  plural: 'changes',
  shortNames: ['chg'],
  about: 'The record of one applied revision of a stack.',
  spec,
  columns: [
    { name: 'Stack', path: '.spec.stack' },
    { name: 'Revision', path: '.spec.revision' },
    { name: 'Author', path: '.spec.commit.author' },
    { name: 'Result', path: '.spec.result' },
    { name: 'Message', path: '.spec.message', priority: 1 },
    { name: 'Age', path: '.metadata.creationTimestamp', type: 'date' },
  ],
});
