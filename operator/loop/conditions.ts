/** Conditions as one pure fold of what was and what came out; nobody else sets one. kstatus reads them. */
import type { Condition } from '#api';
import type { Failure, Outcome } from '#runtime';

export interface ConditionChange {
  readonly type: string;
  readonly status: boolean | 'Unknown';
  readonly reason: string;
  readonly message: string;
}

export interface FoldInput {
  readonly previous: readonly Condition[];
  readonly result: Outcome | Failure;
  readonly reported: readonly ConditionChange[];
  readonly generation: number;
  /** Epoch milliseconds. */
  readonly now: number;
}

/** The API's own bound, in characters. */
const longestMessage = 32_768;
/** Present only while true, as kstatus expects; they come first, in this order, and the others by name. */
const transient = ['Reconciling', 'Stalled'];
const first = ['Ready', ...transient];

/**
 * What the result and the reported conditions make of the ones before. A condition that nobody reported stays as it was;
 * the order never depends on who reported what, so that nothing new means nothing to write.
 */
export function foldConditions({ previous, result, reported, generation, now }: FoldInput): Condition[] {
  const before = new Map(previous.map((condition) => [condition.type, condition]));
  const changes = new Map(reported.map((change) => [change.type, change]));
  for (const type of transient) changes.delete(type);
  for (const change of ofResult(result)) changes.set(change.type, change);
  const kept = previous.filter(({ type }) => !changes.has(type) && !transient.includes(type));
  const folded = [...changes.values()].map((change) => fold(before.get(change.type), change, generation, now));
  return [...kept, ...folded].sort((a, b) => rank(a) - rank(b) || (a.type < b.type ? -1 : 1));
}

function rank({ type }: Condition): number {
  const position = first.indexOf(type);
  return position < 0 ? first.length : position;
}

function fold(old: Condition | undefined, change: ConditionChange, generation: number, now: number): Condition {
  const status = change.status === 'Unknown' ? 'Unknown' : change.status ? 'True' : 'False';
  return {
    type: change.type,
    status,
    reason: change.reason,
    message: bounded(change.message),
    observedGeneration: generation,
    lastTransitionTime: old?.status === status ? old.lastTransitionTime : timestamp(now),
  };
}

/** Well formed, because the API server gives back half a character as another one, and that would look like news. */
export function bounded(message: string): string {
  const whole = message.toWellFormed();
  return whole.length <= longestMessage ? whole : `${whole.slice(0, longestMessage - 1)}…`.toWellFormed();
}

/** RFC 3339 in seconds, as Kubernetes writes it. */
export const timestamp = (epochMs: number): string => new Date(epochMs).toISOString().replace(/\.\d+Z$/, 'Z');

function ofResult(result: Outcome | Failure): ConditionChange[] {
  const { reason, message } = result;
  if ('kind' in result) {
    switch (result.kind) {
      case 'settled':
        return [{ type: 'Ready', status: true, reason, message }];
      case 'waiting':
        return [
          { type: 'Ready', status: false, reason, message },
          { type: 'Reconciling', status: true, reason, message },
        ];
      case 'moving':
        return [
          { type: 'Ready', status: 'Unknown', reason, message },
          { type: 'Reconciling', status: true, reason, message },
        ];
    }
  }
  const other = result.retry === 'on-change' ? 'Stalled' : 'Reconciling';
  return [
    { type: 'Ready', status: false, reason, message },
    { type: other, status: true, reason, message },
  ];
}
