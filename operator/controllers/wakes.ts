/** What wakes a stack: a new commit under its path, its dependencies, its objects, a new kind. */
import type { GitSource, Stack } from '#api';
import type { RunningController } from '#loop';
import { failure, type Log } from '#runtime';
import type { Revisions } from '#source';
import type { WatchCache } from '#kube';
import type { StackHouse } from './stack-house.ts';
import { keyOfStack } from './stacks.ts';

export interface Wiring {
  readonly house: StackHouse;
  readonly controller: RunningController;
  readonly revisions: Revisions;
  readonly stacks: WatchCache<Stack>;
  readonly sources: WatchCache<GitSource>;
  /** CustomResourceDefinitions. */
  readonly definitions: WatchCache<number>;
  readonly log: Log;
}

/** Connects the events to the controller; dispose to stop. */
export function wireWakes({ house, controller, revisions, stacks, sources, definitions, log }: Wiring): Disposable {
  const subscriptions = [
    revisions.subscribe((source) => onRevision(source)),
    stacks.subscribe(({ key, old, new: now }) => onStack(key, old, now)),
    sources.subscribe(({ key }) => onSource(key)),
    definitions.subscribe(
      () => void house.kindsChanged().catch((error: unknown) => log.warn('discovery failed', { error })),
    ),
    house.observed.subscribe(({ key, old, now }) => {
      // Anybody can edit a label; the inventory knows whose the object is.
      const owner = house.inventory.ownerOf(key) ?? now?.stack ?? old?.stack;
      if (owner !== undefined) controller.wake(owner);
    }),
  ];

  /** A commit that leaves the stack's tree as it was costs the stack nothing: it is not even woken. */
  function onRevision(source: string): void {
    for (const stack of house.neighbours.all()) {
      if (house.neighbours.sourceKeyOf(stack) !== source || stack.spec.suspend) continue;
      const missed = house.missedRevision(keyOfStack(stack));
      if (house.neighbours.isUpToDate(stack) && isReady(stack) && !missed) continue;
      // What a run in hand is about may be in the newer commit as it was: a long apply is not begun again for that.
      const isOther = house.begun.get(keyOfStack(stack))?.content !== house.contentOf(stack);
      if (isOther) controller.interrupt(keyOfStack(stack), failure('Superseded', { what: 'a newer commit arrived' }));
      else controller.wake(keyOfStack(stack));
    }
  }

  /** Stacks without a revision tell why: their source came, went, or failed in another way. */
  function onSource(source: string): void {
    for (const stack of house.neighbours.all()) {
      if (house.neighbours.sourceKeyOf(stack) !== source) continue;
      if (revisions.current(source) === undefined || house.neighbours.sourceOf(stack) === undefined)
        controller.wake(keyOfStack(stack));
    }
  }

  function onStack(key: string, old: Stack | undefined, now: Stack | undefined): void {
    if (now !== undefined && old !== undefined && !concernsOthers(old, now)) return;
    for (const dependent of house.neighbours.dependentsOf(key)) controller.wake(keyOfStack(dependent));
    if (now === undefined) for (const other of house.neighbours.dependenciesOf(old as Stack)) controller.wake(other);
  }

  return { [Symbol.dispose]: () => subscriptions.forEach((subscription) => subscription[Symbol.dispose]()) };
}

/** A stack that failed over an earlier commit has something to say even when this one is what it has applied. */
const isReady = ({ status }: Stack): boolean =>
  status?.conditions?.find(({ type }) => type === 'Ready')?.status !== 'False';

/** Whether a dependent could go on now when it could not before. */
function concernsOthers(old: Stack, now: Stack): boolean {
  const view = ({ metadata, status, spec }: Stack): string => {
    const ready = status?.conditions?.find(({ type }) => type === 'Ready');
    return JSON.stringify([
      ready?.status,
      ready?.observedGeneration,
      status?.applied?.tree,
      status?.applied?.generation,
      status?.applied?.inputs,
      status?.outputs,
      status?.secretOutputs,
      metadata.generation,
      spec.suspend,
    ]);
  };
  return view(old) !== view(now);
}
