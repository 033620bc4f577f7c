/** Which stack renders which object now, so that an object which moves between stacks in one commit is handed over, not deleted. */
import type { ObjectKey } from '#kube';

interface Claim {
  /** Identity of what was rendered: the tree of the path and the generation of the spec. */
  readonly content: string;
  readonly keys: ReadonlySet<ObjectKey>;
}

export class Claims {
  readonly #claims = new Map<string, Claim>();

  /** Notes what a stack renders; `keys` stays empty when rendering failed. */
  set(stack: string, content: string, keys: Iterable<ObjectKey> = []): void {
    this.#claims.set(stack, { content, keys: new Set(keys) });
  }

  forget(stack: string): void {
    this.#claims.delete(stack);
  }

  /** Whether the stack has read exactly this content. */
  hasRead(stack: string, content: string): boolean {
    return this.#claims.get(stack)?.content === content;
  }

  /** Another stack that renders the object. */
  claimedBy(key: ObjectKey, except: string): string | undefined {
    for (const [stack, { keys }] of this.#claims) if (stack !== except && keys.has(key)) return stack;
    return undefined;
  }
}
