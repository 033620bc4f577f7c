/** How the objects of a stack are tried before they are applied: as its account, with what its commit brings along. */
import { annotations, type Stack } from '#api';
import { ignoreRules, isIgnored, leaveIgnored } from '#drift';
import { broughtBy, type ProposeContext } from '#engines';
import type { Plan, Revision } from '#values';
import { contextOf } from './engine-context.ts';
import type { House, Walk } from './house.ts';
import { accountOf, stackKeyOf } from './stack-ref.ts';

export function proposeContext(
  stack: Stack,
  { plan, revision }: { readonly plan: Plan; readonly revision: Revision },
  house: House,
  walk: Walk,
): ProposeContext {
  const { transport, discovery, inventory, observed, concurrency } = house;
  const { force, recreate, drift } = stack.spec;
  const rules = ignoreRules(drift.ignore);
  const key = stackKeyOf(stack);
  const objects = plan.waves.flatMap(({ objects: all }) => all.flatMap(({ rendered }) => rendered?.object ?? []));
  return {
    of: stack,
    revision,
    apply: contextOf(stack, revision, house, walk),
    transport,
    discovery,
    observed,
    concurrency,
    known: house.plans.findings(stack),
    // Who asks for a look wants all of it.
    final: stack.metadata.annotations?.[annotations.reconcile] !== stack.status?.lastHandledReconcileAt,
    owned: inventory.of(key),
    as: accountOf(stack, house),
    force,
    recreate,
    leaveOf: (object) => leaveIgnored(rules, object),
    isIgnored: (object, pointer) =>
      isIgnored(
        pointer,
        rules.filter((rule) => rule.matches(object)),
      ),
    ...broughtBy(objects),
    heldBy: (object) => {
      const owner = inventory.ownerOf(object);
      return owner === key ? undefined : owner;
    },
    signal: walk.context.signal,
  };
}
