/** What an engine is given to work with for one stack. */
import type { Stack } from '#api';
import { ignoreRules, leaveIgnored } from '#drift';
import type { EngineContext } from '#engines';
import type { Revision } from '#values';
import type { House, Walk } from './house.ts';
import { accountOf, refOf } from './stack-ref.ts';

/** `revision`: what is to be applied; none when the stack goes, or is only put back. */
export function contextOf(
  stack: Stack,
  revision: Revision | undefined,
  house: House,
  { context }: Walk,
): EngineContext {
  const { transport, discovery, inventory, observed, concurrency } = house;
  const { force, recreate } = stack.spec;
  const as = accountOf(stack, house);
  const { mode } = stack.spec.drift;
  const ignored = ignoreRules(stack.spec.drift.ignore);
  return {
    transport,
    discovery,
    inventory,
    observed,
    concurrency,
    force,
    recreate,
    as,
    of: stack,
    ...(revision === undefined ? {} : { revision }),
    commit: revision?.commit ?? '',
    stack: refOf(stack),
    signal: context.signal,
    takesBack: mode === 'correct',
    leaveOf: (key) => leaveIgnored(ignored, key),
  };
}
