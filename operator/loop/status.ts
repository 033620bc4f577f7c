/** The status that a run leaves behind, and the smallest merge patch from the one before. */
import { annotations, type Condition } from '#api';
import type { KubeObject } from '#kube';
import type { Failure, Outcome } from '#runtime';
import { bounded, timestamp } from './conditions.ts';

export interface StatusInput {
  readonly metadata: KubeObject['metadata'];
  /** Fields that the reconcile set; `null` removes one. */
  readonly reported: Readonly<Record<string, unknown>>;
  readonly conditions: readonly Condition[];
  readonly result: Outcome | Failure;
  readonly now: number;
  /** Milliseconds to the next run. */
  readonly nextMs: number;
}

/** The fields of the status that every kind has, and those that the reconcile reported. */
export function statusOf({
  metadata,
  reported,
  conditions,
  result,
  now,
  nextMs,
}: StatusInput): Readonly<Record<string, unknown>> {
  const asked = metadata.annotations?.[annotations.reconcile];
  return {
    ...reported,
    observedGeneration: metadata.generation,
    ...(asked === undefined ? {} : { lastHandledReconcileAt: asked }),
    waitingFor: 'kind' in result && result.kind !== 'settled' ? bounded(result.message) : null,
    nextTry: tellsNextTry(result) ? timestamp(now + nextMs) : null,
    conditions,
  };
}

/** Not for a plain interval: a time that moves on with every run would make a no-op write. */
function tellsNextTry(result: Outcome | Failure): boolean {
  if (!('kind' in result)) return result.retry === 'backoff';
  return result.kind === 'waiting' && result.untilMs !== undefined;
}

type Fields = Readonly<Record<string, unknown>>;

/**
 * The merge patch (RFC 7386) that gives the wanted fields their values; undefined when there is nothing to say.
 * Fields of `old` that are not wanted stay, but a wanted object takes the place of the old one as a whole.
 */
export function statusPatch(old: Fields, wanted: Fields): Fields | undefined {
  const patch: Record<string, unknown> = {};
  for (const [field, value] of Object.entries(wanted)) {
    // A field may be called like something that every object inherits.
    const change = difference(Object.hasOwn(old, field) ? old[field] : undefined, value);
    if (change !== undefined) patch[field] = change;
  }
  return Object.keys(patch).length === 0 ? undefined : patch;
}

/** What to write for a value in a merge patch: undefined when it is as wanted, null to remove it. */
function difference(old: unknown, wanted: unknown): unknown {
  if (wanted === undefined || wanted === null) return old === undefined || old === null ? undefined : null;
  if (!isFields(old) || !isFields(wanted)) return same(old, wanted) ? undefined : wanted;
  const gone = Object.keys(old).filter((field) => !Object.hasOwn(wanted, field) || wanted[field] === undefined);
  return statusPatch(old, { ...wanted, ...Object.fromEntries(gone.map((field) => [field, null])) });
}

/** Equality as JSON has it: the order of fields does not count, and undefined is absent. */
function same(a: unknown, b: unknown): boolean {
  if (Array.isArray(a) && Array.isArray(b))
    return a.length === b.length && a.every((item, index) => same(item, b[index]));
  if (isFields(a) && isFields(b)) {
    return [...new Set([...Object.keys(a), ...Object.keys(b)])].every((field) => same(a[field], b[field]));
  }
  return a === b;
}

const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
