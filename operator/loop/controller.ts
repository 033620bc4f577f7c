/** The loop of every kind: what changed is queued by key, each key runs by itself, and comes back when its time is due. */
import type { Resource, Transport, WatchCache } from '#kube';
import {
  backoffMs,
  failure,
  WorkQueue,
  type Clock,
  type Failure,
  type Log,
  type Metrics,
  type SharedLimit,
} from '#runtime';
import type { Events } from './events.ts';
import { retryLimits } from './next-run.ts';
import { isOutdated, Run, type ControllerDefinition, type Reconciled, type RunEnd } from './run.ts';

export const defineController = <T>(definition: ControllerDefinition<T>): ControllerDefinition<T> => definition;

export interface ControllerOptions<T> {
  readonly definition: ControllerDefinition<T>;
  readonly cache: WatchCache<T>;
  readonly resource: Resource;
  readonly transport: Transport;
  readonly events: Events;
  readonly clock: Clock;
  readonly metrics: Metrics;
  readonly log: Log;
  /** A bound over the runs of several controllers. */
  readonly shared?: SharedLimit;
  /** From 0 to 1, for the spread of retries. */
  readonly random?: () => number;
}

export interface RunningController {
  wake(key: string, options?: { readonly afterMs?: number }): void;
  /** Aborts the run in hand, if there is one, and runs the key anew. */
  interrupt(key: string, reason: Failure): void;
  /** Nothing runs, and nothing waits to run now. */
  idle(): boolean;
  /** Lets the runs in hand finish within the grace, then aborts them; 0 aborts at once. */
  stop(options?: { readonly graceMs?: number }): Promise<void>;
}

const defaultGraceMs = 20_000;

export function startController<T extends Reconciled>(options: ControllerOptions<T>): RunningController {
  const { definition, cache, clock, metrics, log, shared, random = Math.random } = options;
  const kind = definition.kind.kind;
  /** Failures in a row. */
  const failures = new Map<string, number>();

  async function work(key: string, signal: AbortSignal): Promise<void> {
    const object = cache.get(key);
    if (object === undefined) return forget(key);
    const attempt = (failures.get(key) ?? 0) + 1;
    const end = metrics.reconcileSeconds.startTimer({ kind });
    const { result, failed, afterMs } = await new Run(options, key, object, signal)
      .go(attempt)
      .catch((error: unknown) => unfinished(key, error, attempt, signal))
      .finally(end);
    metrics.reconciles.inc({ kind, result });
    if (failed) failures.set(key, attempt);
    else failures.delete(key);
    if (afterMs !== undefined) queue.add(key, afterMs);
  }

  /** The loop's own calls failed (the status patch, say): what the run did stands, and the next run says so. */
  function unfinished(key: string, error: unknown, attempt: number, signal: AbortSignal): RunEnd {
    if (signal.aborted) return { result: 'superseded', failed: false };
    const level = isOutdated(error) ? 'debug' : 'warn';
    log[level]('the outcome of a run could not be written', { kind, key, error });
    return { result: 'unwritten', failed: true, afterMs: backoffMs(attempt, retryLimits, random) };
  }

  function forget(key: string): void {
    failures.delete(key);
    queue.forget(key);
    const [namespace = '', name = ''] = key.split('/');
    metrics.ready.remove({ kind, namespace, name });
  }

  const queue: WorkQueue = new WorkQueue({
    clock,
    concurrency: definition.concurrency,
    shared,
    work,
    onDepth: (depth) => metrics.queueDepth.set({ kind }, depth),
    // A defect in the loop itself must not take the object out of it.
    onError: (key, error) => {
      log.error('the loop failed', { kind, key, error });
      queue.add(key, retryLimits.longestMs);
    },
  });
  const subscription = cache.subscribe(({ key, old, new: now }) => {
    if (old === undefined) return queue.add(key);
    // What the run in hand was told to do is no longer wanted: it need not be carried to its end.
    if (now === undefined) return queue.interrupt(key, failure('Superseded', { what: `the ${kind} was deleted` }));
    if (isOtherWish(old, now)) return queue.interrupt(key, failure('Superseded', { what: `the ${kind} was changed` }));
    if (isNews(old, now)) queue.add(key);
  });
  for (const [key] of cache.entries()) queue.add(key);
  return {
    wake: (key, { afterMs = 0 } = {}) => queue.add(key, afterMs),
    interrupt: (key, reason) => queue.interrupt(key, reason),
    idle: () => queue.idle,
    stop: async ({ graceMs = defaultGraceMs } = {}) => {
      subscription[Symbol.dispose]();
      await queue.close(graceMs, failure('Superseded', { what: 'the operator is stopping' }));
    },
  };
}

/** Another spec, a deletion, or another object by the same name. */
const isOtherWish = ({ metadata: old }: Reconciled, { metadata: now }: Reconciled): boolean =>
  old.generation !== now.generation || old.deletionTimestamp !== now.deletionTimestamp || old.uid !== now.uid;

/** Our own status writes must not wake us. */
function isNews(old: Reconciled, now: Reconciled): boolean {
  const view = ({ metadata }: Reconciled): string => JSON.stringify([metadata.annotations, metadata.finalizers]);
  return view(old) !== view(now);
}
