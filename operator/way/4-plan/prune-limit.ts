/** The brake on mass deletion: more than a share of a stack at once waits until somebody confirms exactly that set. */
import { annotations } from '#api';
import { digestOf, type ObjectKey } from '#kube';
import { failure } from '#runtime';

/** So many objects may always go at once. */
const alwaysFree = 10;

export interface PruneLimit {
  readonly prunes: readonly ObjectKey[];
  readonly owned: number;
  /** Percent of the stack's objects that may go at once. */
  readonly percent: number;
  /** The value of the confirming annotation, if there is one. */
  readonly confirmed: string | undefined;
}

/** @throws Failure PruneLimitExceeded, naming what would go and the annotation that lets it go. */
export function assertPruneLimit({ prunes, owned, percent, confirmed }: PruneLimit): void {
  const limit = pruneLimitOf(owned, percent);
  if (prunes.length <= limit) return;
  const digest = digestOf([...prunes].sort()).slice(0, 12);
  if (confirmed === digest) return;
  const names = prunes.slice(0, 5).join(', ');
  throw failure('PruneLimitExceeded', {
    what: `${prunes.length} of ${owned} objects would be pruned: ${names}${prunes.length > 5 ? ` and ${prunes.length - 5} more` : ''}`,
    expected: `at most ${limit} at once (spec.pruneLimit: ${percent})`,
    remedy: `restore the files, or confirm with the annotation ${annotations.confirmPrune}: ${digest} on the stack`,
  });
}

/** So many of the objects of a stack may go at once without a word. */
export const pruneLimitOf = (owned: number, percent: number): number =>
  Math.max(alwaysFree, Math.floor((owned * percent) / 100));

export interface Emptied {
  readonly path: string;
  readonly rendered: number;
  readonly owned: number;
  readonly allowEmpty: boolean;
}

/** @throws Failure RenderedEmpty: a commit that holds nothing takes nothing away, unless the stack says so. */
export function assertNotEmptied({ path, rendered, owned, allowEmpty }: Emptied): void {
  if (rendered > 0 || owned === 0 || allowEmpty) return;
  throw failure('RenderedEmpty', {
    where: path,
    what: `the commit holds no object, the stack owns ${owned}`,
    remedy: 'restore the files, or set spec.allowEmpty: true if everything is to be removed',
  });
}
