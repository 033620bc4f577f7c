/** A plan as people read it, in the cluster and before it is there: the same words as a diff. */
import type { PlanSpec } from '#api';
import { isVisible, summaryOf } from '#plan';
import type { ObjectDiff, StackDiff } from './objects.ts';

const actions = {
  create: 'create',
  update: 'change',
  replace: 'recreate',
  delete: 'prune',
  adopt: 'adopt',
  import: 'adopt',
  forget: 'release',
} as const;

/** `stack`: `namespace/name`. */
export function planText(stack: string, spec: PlanSpec, notes: readonly string[] = []): StackDiff {
  const refused = spec.changes.filter((change) => change.refused !== undefined);
  const more = spec.moreChanges === undefined ? [] : [`${spec.moreChanges} more changes are not shown`];
  const base = { stack, account: '', unchanged: 0, notes: [...more, ...notes] };
  if (spec.moreChanges === undefined && !spec.changes.some(isSeen))
    return { ...base, headline: 'nothing would change', objects: [], failures: [] };
  return {
    ...base,
    headline: `${summaryOf(spec)}, plan ${spec.digest}`,
    objects: spec.changes.filter((change) => change.refused === undefined).map(objectOf),
    failures: refused.map(({ object, refused: why = '' }) => ({ key: object, reason: 'ApplyFailed', message: why })),
  };
}

/** What nobody would see is asked of nobody. */
const isSeen = ({ fields = [], ...change }: PlanSpec['changes'][number]): boolean => isVisible({ ...change, fields });

function objectOf({ object, action, fields = [], moreFields, note }: PlanSpec['changes'][number]): ObjectDiff {
  const more = moreFields === undefined ? '' : `${moreFields} more fields are not shown`;
  const said = [note, more].filter(Boolean).join(', ');
  return { key: object, action: actions[action], fields, ...(said === '' ? {} : { note: said }) };
}
