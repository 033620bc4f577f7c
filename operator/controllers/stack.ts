/** Stacks: wakes on their source, their neighbours, their objects and the clock, and sends each on the way. */
import { finalizer, parseDuration, stackKind, type Stack } from '#api';
import { defineController, type ControllerDefinition } from '#loop';
import { failure, type Clock } from '#runtime';
import type { AppliedObject } from '#values';
import { unwind, walk, type Walk } from '#way';
import type { ReconcileContext } from '#loop';
import type { StackHouse } from './stack-house.ts';
import { keyOfStack } from './stacks.ts';

export function stackController(house: StackHouse, clock: Clock, concurrency: number): ControllerDefinition<Stack> {
  const kept = new Map<string, { content: string; objects: AppliedObject[]; startedMs: number }>();

  /** Objects that earlier runs changed for the same content belong into the same Change. */
  function walkOf(stack: Stack, context: ReconcileContext): Walk {
    const key = keyOfStack(stack);
    const content = house.contentOf(stack);
    let memory = kept.get(key);
    if (memory?.content !== content) kept.set(key, (memory = { content, objects: [], startedMs: clock.now() }));
    const { objects, startedMs } = memory;
    return { context, startedMs, kept: () => objects, keep: (more) => void objects.push(...more) };
  }

  return defineController<Stack>({
    kind: stackKind,
    concurrency,
    finalizer,
    interval: ({ spec }) => parseDuration(spec.interval),
    retryInterval: ({ spec }) => (spec.retryInterval === undefined ? undefined : parseDuration(spec.retryInterval)),
    timeout: ({ spec }) => parseDuration(spec.timeout),
    reconcile: async (stack, context) => {
      if (stack.spec.suspend)
        throw failure('Suspended', { what: 'spec.suspend is true', remedy: 'run `plumbline resume`' });
      await house.takeHealthChecks(stack);
      const outcome = await walk(stack, house, walkOf(stack, context));
      if (outcome.kind === 'settled') kept.delete(keyOfStack(stack));
      return outcome;
    },
    finalize: (stack, context) => unwind(stack, house, walkOf(stack, context)),
  });
}
