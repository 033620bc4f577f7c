/** All stacks as they stand to each other: who depends on whom, who reads the same source, what each wants now. */
import { stackKind, type GitSource, type Stack } from '#api';
import type { Claims, InventoryStore } from '#apply';
import { outputStacks } from '#engines';
import type { GateInput, Neighbour } from '#gate';
import { keyOf, type WatchCache } from '#kube';
import { waiting, type Waiting } from '#runtime';
import type { Revisions } from '#source';
import type { Revision } from '#values';

export interface StacksOptions {
  readonly stacks: WatchCache<Stack>;
  readonly sources: WatchCache<GitSource>;
  readonly revisions: Revisions;
  readonly claims: Claims;
  readonly inventory: InventoryStore;
  /** Identity of all that a stack reads of a commit. */
  readonly treeOf: (stack: Stack, revision: Revision) => string | undefined;
}

export class Stacks {
  readonly #options: StacksOptions;

  constructor(options: StacksOptions) {
    this.#options = options;
  }

  get(key: string): Stack | undefined {
    return this.#options.stacks.get(key);
  }

  all(): Stack[] {
    return [...this.#options.stacks.entries()].map(([, stack]) => stack);
  }

  sourceKeyOf(stack: Stack): string {
    return `${stack.spec.sourceRef.namespace ?? stack.metadata.namespace}/${stack.spec.sourceRef.name}`;
  }

  sourceOf(stack: Stack): GitSource | undefined {
    return this.#options.sources.get(this.sourceKeyOf(stack));
  }

  revisionOf(stack: Stack): Revision | undefined {
    return this.sourceOf(stack) === undefined ? undefined : this.#options.revisions.current(this.sourceKeyOf(stack));
  }

  /** Those that it names, and those whose outputs it is given. */
  dependenciesOf(stack: Stack): string[] {
    const named = (stack.spec.dependsOn ?? []).map(
      ({ name, namespace }) => `${namespace ?? stack.metadata.namespace}/${name}`,
    );
    return [...new Set([...named, ...outputStacks(stack)])];
  }

  dependentsOf(key: string): Stack[] {
    return this.all().filter((stack) => this.dependenciesOf(stack).includes(key));
  }

  /** Identity of what the stack wants now; undefined while its source has no revision. */
  contentOf(stack: Stack, revision = this.revisionOf(stack)): string | undefined {
    return revision === undefined
      ? undefined
      : `${this.#options.treeOf(stack, revision) ?? 'absent'}:${stack.metadata.generation}`;
  }

  /** Whether the stack has applied what it wants now. */
  isUpToDate(stack: Stack): boolean {
    const applied = stack.status?.applied;
    return applied !== undefined && `${applied.tree}:${applied.generation}` === this.contentOf(stack);
  }

  gateInput(stack: Stack): GateInput {
    return {
      stack: keyOfStack(stack),
      dependsOn: this.dependenciesOf(stack),
      neighbour: (key) => {
        const other = this.get(key);
        return other && this.#neighbour(other);
      },
    };
  }

  #neighbour(stack: Stack): Neighbour {
    const ready = stack.status?.conditions?.find(({ type }) => type === 'Ready');
    const current = ready?.observedGeneration === stack.metadata.generation;
    return {
      key: keyOfStack(stack),
      ready: ready?.status === 'True' && current,
      upToDate: this.isUpToDate(stack),
      applied: stack.status?.applied?.revision,
      wanted: this.revisionOf(stack)?.name,
      message: ready?.message ?? '',
      dependsOn: this.dependenciesOf(stack),
    };
  }

  /** Pruning could take away what moves to a stack that has not read the commit yet: wait for those. */
  waitForHandover(stack: Stack): Waiting | undefined {
    const { claims } = this.#options;
    const source = this.sourceKeyOf(stack);
    const behind = this.all().filter((other) => {
      if (keyOfStack(other) === keyOfStack(stack) || this.sourceKeyOf(other) !== source) return false;
      if (other.spec.suspend || other.metadata.deletionTimestamp !== undefined || this.isUpToDate(other)) return false;
      const content = this.contentOf(other);
      return content !== undefined && !claims.hasRead(keyOfStack(other), content);
    });
    if (behind.length === 0) return undefined;
    const names = behind.map(keyOfStack);
    return waiting(
      'AwaitingHandover',
      `pruning waits until ${names.slice(0, 3).join(', ')} ${names.length === 1 ? 'has' : 'have'} read the commit`,
      names.map((key) => ({ on: 'object', kind: 'Stack', key })),
    );
  }

  /** Those that are being deleted, and those that the same prune is about to delete. */
  dependentsInDeletion(stack: Stack): Waiting | undefined {
    const dependents = this.dependentsOf(keyOfStack(stack)).filter(
      (other) => other.metadata.deletionTimestamp !== undefined || this.#goTogether(stack, other),
    );
    if (dependents.length === 0) return undefined;
    const names = dependents.map(keyOfStack);
    return waiting(
      'Deleting',
      `waits until ${names.slice(0, 3).join(', ')}, which depend on it, are gone`,
      names.map((key) => ({ on: 'object', kind: 'Stack', key })),
    );
  }

  /** A stack that owns both enters them as in hand before it deletes the first. */
  #goTogether(...stacks: readonly Stack[]): boolean {
    const { inventory } = this.#options;
    const keys = stacks.map(({ metadata }) => keyOf(stackKind, metadata.namespace, metadata.name));
    const owner = keys[0] && inventory.ownerOf(keys[0]);
    return owner !== undefined && keys.every((key) => inventory.of(owner).get(key)?.desired === '');
  }
}

export const keyOfStack = ({ metadata }: Stack): string => `${metadata.namespace}/${metadata.name}`;
