/** Stacks: wakes on their source, their neighbours, their objects and the clock, and sends each on the way. */
import { finalizer, parseDuration, stackKind, type Stack } from '#api';
import { defineController, type ControllerDefinition } from '#loop';
import { failure, type Clock } from '#runtime';
import { unwind, walk, type Walk } from '#way';
import type { ReconcileContext } from '#loop';
import type { StackHouse } from './stack-house.ts';
import { keyOfStack } from './stacks.ts';

export function stackController(house: StackHouse, clock: Clock, concurrency: number): ControllerDefinition<Stack> {
  /** A Change took as long as all the runs for its content. */
  function walkOf(stack: Stack, context: ReconcileContext): Walk {
    const key = keyOfStack(stack);
    const content = house.contentOf(stack);
    let begun = house.begun.get(key);
    if (begun?.content !== content) house.begun.set(key, (begun = { content, startedMs: clock.now() }));
    return { context, startedMs: begun.startedMs };
  }

  return defineController<Stack>({
    kind: stackKind,
    concurrency,
    finalizer,
    interval: ({ spec }) => parseDuration(spec.interval),
    retryInterval: ({ spec }) => (spec.retryInterval === undefined ? undefined : parseDuration(spec.retryInterval)),
    timeout: ({ spec }) => parseDuration(spec.timeout),
    reconcile: async (stack, context) => {
      if (stack.spec.suspend) {
        const going = house.engineOf(stack).rest(stack, 'the stack is suspended');
        const what = `spec.suspend is true${going === undefined ? '' : `, and the run in hand is being ended: ${going}`}`;
        throw failure('Suspended', { what, remedy: 'run `plumbline resume`' });
      }
      await house.health.takeChecks(stack);
      const outcome = await walk(stack, house, walkOf(stack, context));
      if (outcome.kind === 'settled') house.begun.delete(keyOfStack(stack));
      return outcome;
    },
    finalize: (stack, context) => unwind(stack, house, walkOf(stack, context)),
  });
}
