/** Thrown when the object is there, but did not become what it should: the engine keeps its state all the same. */
import type { KubeObject } from '#kube';
import type { ValueMap } from './property.ts';

export class NotInitialized extends Error {
  readonly id: string;
  readonly outputs: ValueMap;
  readonly inputs: ValueMap;
  /** One sentence each: what is wrong, and what the object's pods and events say. */
  readonly reasons: readonly string[];

  constructor(
    state: { readonly id: string; readonly outputs: ValueMap; readonly inputs: ValueMap },
    cause: Pick<NotReady, 'message' | 'reasons'>,
  ) {
    super(cause.message, { cause });
    this.name = 'NotInitialized';
    this.id = state.id;
    this.outputs = state.outputs;
    this.inputs = state.inputs;
    this.reasons = cause.reasons;
  }
}

/** Thrown by the wait for readiness, with the object as it was last seen. */
export class NotReady extends Error {
  readonly live: KubeObject;
  readonly reasons: readonly string[];

  constructor(
    message: string,
    { live, reasons = [] }: { readonly live: KubeObject; readonly reasons?: readonly string[] },
  ) {
    super(message);
    this.name = 'NotReady';
    this.live = live;
    this.reasons = [message, ...reasons];
  }
}
