/** The brakes on deletion, as manifests have them: held against what a preview says that the update would do. */
import { annotations, type Stack } from '#api';
import type { ObjectKey } from '#kube';
import { assertNotEmptied, assertPruneLimit, pruneLimitOf } from '#plan';
import type { Ended } from './operation.ts';
import { isOnlyPulumi, namesOf, realResources } from './resources.ts';
import { urnParts } from './urn.ts';
import type { Keeps, StateResource } from './values.ts';

export interface Guard {
  /** What the update may take away without anybody having looked. */
  keeps(before: readonly StateResource[]): Keeps;
  /** As {@link assertMayDelete}. */
  retain(preview: Ended): readonly string[];
}

/** Undefined when nothing of the spec holds a deletion back. */
export const guardOf = (stack: Stack): Guard | undefined =>
  isGuarded(stack)
    ? { keeps: (before) => keepsOf(stack, before), retain: (preview) => assertMayDelete(stack, preview) }
    : undefined;

function keepsOf({ spec }: Stack, before: readonly StateResource[]): Keeps {
  const owned = realResources(before).filter(({ replaced }) => !replaced);
  const most = spec.prune ? pruneLimitOf(owned.length, spec.pruneLimit) : 0;
  return { urns: owned.map(({ urn }) => urn), most, mayBeEmpty: spec.allowEmpty };
}

const isGuarded = ({ spec }: Stack): boolean => !spec.prune || !spec.allowEmpty || spec.pruneLimit < 100;

/**
 * @returns URNs of what the program does not name any more, and what is to stay all the same.
 * @throws Failure RenderedEmpty, PruneLimitExceeded
 */
export function assertMayDelete({ spec, metadata }: Stack, preview: Ended): readonly string[] {
  const { report, before } = preview;
  const owned = new Map(realResources(before).map((resource) => [resource.urn, resource]));
  // Steps are of a refresh, too: what the program says is in the plan alone.
  const planned = [...(report.plan ?? [])].filter(([urn]) => !isOnlyPulumi(urnParts(urn).type));
  const named = planned.filter(([, { operations }]) => !operations.every(isGoing)).length;
  const { path, allowEmpty } = spec;
  assertNotEmptied({ path, rendered: named, owned: owned.size, allowEmpty });
  const forgotten = new Set(report.steps.flatMap(({ urn, operation }) => (operation === 'forget' ? [urn] : [])));
  const gone = planned.flatMap(([urn, { operations }]) =>
    operations.every(isGoing) && owned.has(urn) && !forgotten.has(urn) ? [urn] : [],
  );
  if (!spec.prune) return gone;
  const nameOf = namesOf(before);
  assertPruneLimit({
    prunes: gone.map((urn) => nameOf(urn) as ObjectKey),
    owned: owned.size,
    percent: named === 0 ? 100 : spec.pruneLimit,
    confirmed: confirmationOf({ metadata }),
  });
  return [];
}

const isGoing = (operation: string): boolean => operation === 'delete';

export const confirmationOf = ({ metadata }: Pick<Stack, 'metadata'>): string | undefined =>
  metadata.annotations?.[annotations.confirmPrune];
