/** The names that Plumbline puts on objects, and reads from them. */
export const group = 'plumbline.dev';
export const version = 'v1alpha1';
export const fieldManager = 'plumbline';
export const finalizer = 'plumbline.dev/finalizer';

export const labels = {
  /** On every owned object: name of the owning stack. */
  stack: 'plumbline.dev/stack',
  stackNamespace: 'plumbline.dev/stack-namespace',
  /** On a Change: name of its stack. */
  changeOf: 'plumbline.dev/change-of',
  /** On a Plan: name of its stack. */
  planOf: 'plumbline.dev/plan-of',
} as const;

export const annotations = {
  /** On objects: `skip` keeps the object when it leaves Git. */
  prune: 'plumbline.dev/prune',
  /** On objects: `skip` never applies it, `create-only` never changes it. */
  apply: 'plumbline.dev/apply',
  /** On objects: `allow` deletes and creates on a change of an immutable field. */
  recreate: 'plumbline.dev/recreate',
  /** On objects of Pulumi programs: the resource that they are. */
  urn: 'plumbline.dev/urn',
  /** On objects: whole number, smaller ones first. */
  wave: 'plumbline.dev/wave',
  /** On sources and stacks: any new value reconciles now. */
  reconcile: 'plumbline.dev/reconcile',
  /** On stacks: the digest of a set of objects that may be pruned although it is over the limit. */
  confirmPrune: 'plumbline.dev/confirm-prune',
  /** On Plans: names of those who approve, joined by commas; the admission policy lets everybody add their own alone. */
  approvedBy: 'plumbline.dev/approved-by',
  /** On Plans: the same of those who reject. */
  rejectedBy: 'plumbline.dev/rejected-by',
  /** On the operator's Lease: where its pulumi is, or `missing`. */
  pulumi: 'plumbline.dev/pulumi',
  /** On the operator's Lease: memory for all runs, in MiB. */
  pulumiMemory: 'plumbline.dev/pulumi-memory',
} as const;
