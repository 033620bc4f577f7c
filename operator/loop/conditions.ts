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

const longestMessage = 32_000;
/** Present only while true, as kstatus expects. */
const transient = new Set(['Reconciling', 'Stalled']);

export function foldConditions({ previous, result, reported, generation, now }: FoldInput): Condition[] {
  const changes = new Map<string, ConditionChange>(reported.map((change) => [change.type, change]));
  for (const change of ofResult(result)) changes.set(change.type, change);
  const folded: Condition[] = [];
  for (const type of new Set(['Ready', ...changes.keys(), ...previous.map((condition) => condition.type)])) {
    const old = previous.find((condition) => condition.type === type);
    const change = changes.get(type);
    if (change === undefined) {
      if (old !== undefined && !transient.has(type)) folded.push(old);
      continue;
    }
    folded.push(fold(old, change, generation, now));
  }
  return folded;
}

function fold(old: Condition | undefined, change: ConditionChange, generation: number, now: number): Condition {
  const status = change.status === 'Unknown' ? 'Unknown' : change.status ? 'True' : 'False';
  return {
    type: change.type,
    status,
    reason: change.reason,
    message: change.message.slice(0, longestMessage),
    observedGeneration: generation,
    lastTransitionTime:
      old?.status === status ? old.lastTransitionTime : new Date(now).toISOString().replace(/\.\d+Z$/, 'Z'),
  };
}

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
