/** Objects that move from one stack to another in one commit: handed over, never deleted and made anew. */
import type { Stack } from '#api';
import type { Claims, InventoryStore } from '#apply';
import type { ObjectKey } from '#kube';
import type { Waiting } from '#runtime';
import { refOf } from '#way';
import { keyOfStack, type Stacks } from './stacks.ts';

export interface HandoversOptions {
  readonly claims: Claims;
  readonly inventory: InventoryStore;
  readonly neighbours: Stacks;
  readonly wake: (stack: string) => void;
}

export class Handovers {
  readonly #options: HandoversOptions;
  readonly #waiting = new Set<string>();

  constructor(options: HandoversOptions) {
    this.#options = options;
  }

  /** Notes what a stack renders now, and wakes who waited for that, or owns some of it. */
  claim(stack: string, content: string, keys: readonly ObjectKey[]): void {
    const { claims, inventory, wake } = this.#options;
    if (claims.hasRead(stack, content)) return;
    claims.set(stack, content, keys);
    for (const waiter of this.#waiting) wake(waiter);
    const owners = new Set(keys.map((key) => inventory.ownerOf(key)));
    for (const owner of owners) if (owner !== undefined && owner !== stack) wake(owner);
    this.#waiting.clear();
  }

  /** A wait while other stacks of the source have not read the commit: pruning could take what moves to them. */
  waitFor(stack: Stack): Waiting | undefined {
    const wait = this.#options.neighbours.waitForHandover(stack);
    if (wait !== undefined) this.#waiting.add(keyOfStack(stack));
    return wait;
  }

  /** Gives an object to the stack that renders it now, in its inventory first. */
  async handOver(stack: Stack, key: ObjectKey): Promise<void> {
    const { inventory, neighbours, wake } = this.#options;
    const next = this.movesTo(stack, key);
    const receiver = next === undefined ? undefined : neighbours.get(next);
    if (next !== undefined && receiver !== undefined) {
      if (!inventory.of(next).has(key))
        inventory.put(next, { key, desired: '', seen: '', commit: '', unrecorded: 'adopted' });
      await inventory.flush(refOf(receiver));
    }
    inventory.drop(keyOfStack(stack), key);
    if (next !== undefined) wake(next);
  }

  /** The stack that renders the object now, or that a crash in the middle of a handover left it with. */
  movesTo(stack: Stack, key: ObjectKey): string | undefined {
    const { claims, inventory, neighbours } = this.#options;
    const owner = keyOfStack(stack);
    const next = claims.claimedBy(key, owner) ?? inventory.holderBeside(key, owner);
    const receiver = next === undefined ? undefined : neighbours.get(next);
    return receiver === undefined || receiver.metadata.deletionTimestamp !== undefined ? undefined : next;
  }
}
