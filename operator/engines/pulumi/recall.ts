/** What a stack sent last, from its state: for an operator on another disk than the one that had it. */
import type { Stack } from '#api';
import { failure } from '#runtime';
import type { RenderedObject } from '#values';
import { sentObjects } from './accounting.ts';
import type { Inputs } from './inputs.ts';
import { stackName, stateOptions } from './operation.ts';
import type { StateStore } from './values.ts';

interface Recalled {
  readonly stack: Stack;
  readonly inputs: Inputs;
  readonly signal: AbortSignal;
}

/** Asks for the state alone: nothing is run, and nothing locked. @throws Failure StateCorrupt, also when it holds nothing */
export async function recall({ stack, inputs, signal }: Recalled, states: StateStore): Promise<RenderedObject[]> {
  const name = stackName(stack);
  const sent = sentObjects(await states.read(name, stateOptions({ stack, inputs }, signal)), stack);
  if (sent.length > 0) return sent;
  throw failure('StateCorrupt', {
    where: `${name.namespace}/${name.name}`,
    what: 'the state holds no object of the stack',
    remedy: 'restore the state from a backup, or import an export of it',
  });
}
