/** What is approved: the digest of all that would be done to a stack, and of the state that it would be done to. Pure. */
import { planLimits, type PlanSpec, type StackSpec } from '#api';
import { fullDigestOf, managedDigest, type KubeObject, type ObjectKey } from '#kube';
import { failure } from '#runtime';
import type { Proposal, ProposedChange } from '#values';
import type { FieldChange } from './diff.ts';

export interface ProposalFacts {
  readonly stack: { readonly namespace: string; readonly name: string; readonly uid: string };
  /** What the spec says about applying: {@link wishOf}. */
  readonly wish: string;
  /** When the stack applied last: one approval is good for one apply, even where all comes back as it was. */
  readonly base: string;
  readonly changes: readonly ProposedChange[];
}

/** @throws Failure PlanTooLarge */
export function proposalOf({ stack, wish, base, changes }: ProposalFacts): Proposal {
  if (changes.length > planLimits.identities) {
    throw failure('PlanTooLarge', {
      what: `${changes.length} objects would change`,
      expected: `at most ${planLimits.identities} in one plan`,
      remedy: 'divide the stack, or take spec.approval out of it for this change',
    });
  }
  const identities = changes.map(({ identity }) => identity);
  return { digest: planDigest({ stack, wish, base, identities }), changes };
}

/** What is approved: of the changes in any order. */
export const planDigest = ({
  stack: { namespace, name, uid },
  wish,
  base,
  identities,
}: Omit<ProposalFacts, 'changes'> & { readonly identities: readonly string[] }): string =>
  `sha256:${fullDigestOf(['plan', namespace, name, uid, wish, base, [...identities].sort()], 'hex')}`;

/** Fields of the spec that have no say in what is applied. */
const bySide: ReadonlySet<string> = new Set<keyof StackSpec>([
  ...(['suspend', 'interval', 'retryInterval', 'timeout'] as const),
  ...(['history', 'wait', 'healthChecks', 'dependsOn'] as const),
]);

/** Of the spec, or some of its fields, as far as they say what is applied, how, and on whose word. */
export const wishOf = (spec: Partial<StackSpec>): string =>
  fullDigestOf(Object.fromEntries(Object.entries(spec).filter(([field]) => !bySide.has(field))));

/** Something is seen to change: nobody needs to agree to what is as it is wanted already. */
export const isVisible = ({
  action,
  fields,
  refused,
}: Pick<ProposedChange, 'action'> & {
  readonly fields: readonly unknown[];
  readonly refused?: string | undefined;
}): boolean => action !== 'update' || fields.length > 0 || refused !== undefined;

export const isDestructive = ({ action }: Pick<ProposedChange, 'action'>): boolean =>
  action === 'delete' || action === 'replace';

export type PlanCounts = Pick<PlanSpec, 'created' | 'updated' | 'replaced' | 'deleted' | 'refused'>;

export function countsOf(changes: readonly ProposedChange[]): PlanCounts {
  const count = (...actions: readonly string[]): number =>
    changes.filter((change) => actions.includes(change.action) && isVisible(change)).length;
  return {
    created: count('create'),
    updated: count('update', 'adopt', 'import'),
    replaced: count('replace'),
    deleted: count('delete'),
    refused: changes.filter(({ refused }) => refused !== undefined).length,
  };
}

/** `2 created, 1 deleted` */
export function summaryOf({ created, updated, replaced, deleted, refused }: PlanCounts): string {
  const counts = { created, updated, replaced, deleted, refused };
  const parts = Object.entries(counts).flatMap(([what, count]) => (count === 0 ? [] : [`${count} ${what}`]));
  return parts.join(', ') || 'nothing but ownership changes';
}

export interface IdentityFacts {
  readonly key: ObjectKey;
  readonly action: ProposedChange['action'];
  /** What is sent; absent when the object goes. */
  readonly wanted?: KubeObject;
  readonly live: KubeObject | undefined;
  readonly fields?: readonly FieldChange[];
  readonly refused?: string;
}

/**
 * Of what is sent for one object, byte for byte, to which live object, and of the values there that it would change.
 * What others change beside them leaves it as it is. What it becomes the API server decides: ports, addresses, defaults.
 */
export const identityOf = ({ key, action, wanted, live, fields = [], refused }: IdentityFacts): string =>
  fullDigestOf([key, action, wanted, live?.metadata.uid, live && stateOf(live, action, fields), refused]);

function stateOf(live: KubeObject, action: IdentityFacts['action'], fields: readonly FieldChange[]): unknown {
  if (action === 'delete') return managedDigest(live);
  // Its values are masked in the fields, and must not be guessed from a digest; nothing writes to it but people.
  if (live.kind === 'Secret' && live.apiVersion === 'v1') return live.metadata.resourceVersion;
  return fields.map(({ path, from }) => [path, from]);
}
