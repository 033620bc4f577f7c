/** `Plan`: what one stack would change next, and who agreed to it. */
import { conditions, name, time } from './common-fields.ts';
import { defineKind, type CustomObject } from './kind.ts';
import { boolean, integer, list, object, oneOf, optional, text, type ReadOf, type Required } from './schema.ts';

const count = (about: string): Required<number> => integer(about, { min: 0, max: 1_000_000 });

/** Bounds that whoever makes a Plan keeps to; together they stay below what the API server stores in one object. */
export const planLimits = {
  changes: 500,
  fields: 20,
  value: 512,
  text: 1024,
  identities: 20_000,
  revisions: 20,
} as const;

const change = object('One object.', {
  object: text('Kind.group/namespace/name, or the URN of another resource.', { max: 1024 }),
  action: oneOf('What would be done.', ['create', 'update', 'replace', 'delete', 'adopt', 'import', 'forget']),
  fields: optional(
    list(
      'Fields that would change, the first 20. Values of Secrets are masked, long ones cut.',
      object('One field.', {
        path: text('Path of the field.', { max: planLimits.text }),
        from: text('What it is.', { max: planLimits.value }),
        to: text('What it would be.', { max: planLimits.value }),
      }),
      { max: planLimits.fields },
    ),
  ),
  moreFields: optional(integer('Fields that are not shown.', { min: 1, max: 1_000_000 })),
  refused: optional(text('Why the API server would refuse it.', { max: planLimits.text })),
  note: optional(text('Where it is written, and what else there is to know.', { max: planLimits.text })),
});

const spec = object(
  'What would be done. What is approved is the digest: of all changes, shown here or not.',
  {
    stack: text('Name of the stack.', { max: 63 }),
    digest: text('Of what would be applied and of the live state that it was held against; never of the commit.', {
      max: 80,
    }),
    revision: text('Name of the revision that it was first seen in.', { max: 512 }),
    commit: object('The commit.', {
      sha: text('Commit id.', { max: 64 }),
      author: text('Author, name and address.', { max: 512 }),
      subject: text('First line of the message.', { max: 512 }),
    }),
    content: text('Digest of all rendered objects.', { max: 128 }),
    wish: text('Digest of what the spec of the stack says about applying.', { max: 80 }),
    base: text('When the stack applied last; empty when it has not yet.', { max: 64 }),
    destructive: boolean('Something is deleted or replaced.'),
    created: count('Objects that would be created.'),
    updated: count('Objects that would change, or be adopted.'),
    replaced: count('Objects that would be deleted and created again.'),
    deleted: count('Objects that would be deleted.'),
    refused: count('Objects that the API server would refuse.'),
    changes: list('What would happen to which object: destructive changes first, if not all can be shown.', change, {
      max: planLimits.changes,
    }),
    moreChanges: optional(count('Changes that are not shown.')),
    identities: list(
      'Digest of each change, shown or not; an apply that was cut short goes on by them.',
      text('A digest.', { max: 64 }),
      {
        max: planLimits.identities,
      },
    ),
  },
  { rules: [{ rule: 'self == oldSelf', message: 'a Plan is a record: it cannot be changed' }] },
);

export const phases = ['AwaitingApproval', 'Approved', 'Rejected', 'Applied', 'Stale'] as const;

const status = object('How it stands; told, never read: who agreed is worked out anew.', {
  phase: oneOf('In a word.', phases),
  message: optional(text('One sentence.', { max: planLimits.text })),
  needed: optional(integer('How many people must agree.', { min: 0, max: 20 })),
  approvals: optional(
    list(
      'Who said what.',
      object('One person.', {
        user: text('Name, as the API server or the signature proves it.', { max: 512 }),
        verdict: oneOf('What.', ['approve', 'reject']),
        by: oneOf('How.', ['Approval', 'annotation', 'commit']),
        reference: optional(text('Name of the Approval, or commit id.', { max: 512 })),
        time: time('When.'),
      }),
      { max: 100 },
    ),
  ),
  revisions: optional(
    list('Later revisions that it was seen in, the newest 20.', text('Name of a revision.', { max: 512 }), {
      max: planLimits.revisions,
    }),
  ),
  conditions,
});

export type PlanSpec = ReadOf<typeof spec>;
export type PlanStatus = ReadOf<typeof status>;
export type PlanPhase = PlanStatus['phase'];
export type PlanObject = CustomObject<PlanSpec, PlanStatus>;

export const planKind = defineKind({
  kind: 'Plan',
  plural: 'plans',
  shortNames: ['pln'],
  about: 'What one stack would change next, and who agreed to it.',
  spec,
  status,
  columns: [
    { name: 'Stack', path: '.spec.stack' },
    { name: 'Phase', path: '.status.phase' },
    { name: 'Created', path: '.spec.created', type: 'integer' },
    { name: 'Updated', path: '.spec.updated', type: 'integer' },
    { name: 'Replaced', path: '.spec.replaced', type: 'integer' },
    { name: 'Deleted', path: '.spec.deleted', type: 'integer' },
    { name: 'Age', path: '.metadata.creationTimestamp', type: 'date' },
    { name: 'Revision', path: '.spec.revision', priority: 1 },
    { name: 'Message', path: '.status.message', priority: 1 },
  ],
});

const vote = object(
  'What one person says to one plan. That the name is that of whoever creates it is proven by an admission policy.',
  {
    plan: name('Name of the Plan.'),
    digest: text('Digest of the Plan: what was looked at.', { max: 80 }),
    user: text('Name of the person, as the API server knows them.', { min: 1, max: 512 }),
    verdict: oneOf('approve lets the plan go, reject keeps it from going.', ['approve', 'reject'], {
      default: 'approve',
    }),
    message: optional(text('Why.', { max: planLimits.text })),
  },
  { rules: [{ rule: 'self == oldSelf', message: 'an Approval is a record: it cannot be changed' }] },
);

export type Approval = CustomObject<ReadOf<typeof vote>, object>;

export const approvalKind = defineKind({
  kind: 'Approval',
  plural: 'approvals',
  shortNames: ['apv'],
  about: 'What one person says to one Plan.',
  spec: vote,
  columns: [
    { name: 'Plan', path: '.spec.plan' },
    { name: 'User', path: '.spec.user' },
    { name: 'Verdict', path: '.spec.verdict' },
    { name: 'Age', path: '.metadata.creationTimestamp', type: 'date' },
  ],
});
