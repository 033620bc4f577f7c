/** The loop of every kind: fetch, finalizer, time-out, catch, fold, one status patch when something is new, next wake. */
import type { Condition, KindDefinition } from '#api';
import { annotations } from '#api';
import { patchMerge, patchStatus, type KubeObject, type Resource, type Transport, type WatchCache } from '#kube';
import type { Failure } from '#runtime';
import { asFailure, backoffMs, failure, WorkQueue, type Clock, type Log, type Metrics, type Outcome } from '#runtime';
import { foldConditions, type ConditionChange } from './conditions.ts';
import type { EventNote, Events } from './events.ts';

export interface ReconcileContext {
  readonly key: string;
  readonly signal: AbortSignal;
  readonly clock: Clock;
  readonly log: Log;
  /** Merges fields into the status; `null` removes one. */
  report(status: Readonly<Record<string, unknown>>): void;
  condition(type: string, status: boolean | 'Unknown', reason: string, message: string): void;
  event(note: EventNote): void;
}

export interface ControllerDefinition<T> {
  readonly kind: KindDefinition;
  readonly concurrency: number;
  readonly finalizer?: string;
  /** Milliseconds after which a settled object is looked at again. */
  interval(object: T): number;
  retryInterval?(object: T): number | undefined;
  /** Milliseconds that one run may take. */
  timeout(object: T): number;
  reconcile(object: T, context: ReconcileContext): Promise<Outcome>;
  /** `settled` removes the finalizer. */
  finalize?(object: T, context: ReconcileContext): Promise<Outcome>;
}

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
}

export interface RunningController {
  wake(key: string, options?: { readonly afterMs?: number }): void;
  /** Aborts the run in hand, if there is one, and runs the key anew. */
  interrupt(key: string, reason: Failure): void;
  stop(): Promise<void>;
}

/** What the loop needs of any of our kinds. */
interface Reconciled {
  readonly metadata: KubeObject['metadata'];
  readonly spec: { readonly suspend?: boolean };
  readonly status?: { readonly conditions?: readonly Condition[]; readonly lastHandledReconcileAt?: string };
}

const retry = { firstMs: 1000, longestMs: 5 * 60_000 };
const graceMs = 20_000;

export function startController<T extends Reconciled>(options: ControllerOptions<T>): RunningController {
  const { definition, cache, clock, metrics, log } = options;
  const kind = definition.kind.kind;
  const attempts = new Map<string, number>();
  const queue: WorkQueue = new WorkQueue({
    clock,
    concurrency: definition.concurrency,
    onDepth: (depth) => metrics.queueDepth.set({ kind }, depth),
    work: async (key, signal) => {
      const end = metrics.reconcileSeconds.startTimer({ kind });
      const object = cache.get(key);
      if (object === undefined) return forget(key);
      try {
        const next = await new Run(options, key, object, signal).go(attempts.get(key) ?? 0);
        metrics.reconciles.inc({ kind, result: next.result });
        if (next.failed) attempts.set(key, (attempts.get(key) ?? 0) + 1);
        else attempts.delete(key);
        if (next.afterMs !== undefined) queue.add(key, next.afterMs);
      } catch (error) {
        // Only the loop's own calls end here (the status patch): the world is unchanged, so try again.
        const attempt = (attempts.get(key) ?? 0) + 1;
        attempts.set(key, attempt);
        if (!signal.aborted) log.warn('status could not be written', { kind, key, error });
        queue.add(key, backoffMs(attempt, retry, Math.random));
      } finally {
        end();
      }
    },
  });
  function forget(key: string): void {
    attempts.delete(key);
    queue.forget(key);
    const [namespace = '', name = ''] = key.split('/');
    metrics.ready.remove({ kind, namespace, name });
  }
  const subscription = cache.subscribe(({ key, old, new: now }) => {
    if (now === undefined || old === undefined || isNews(old, now)) queue.add(key);
  });
  for (const [key] of cache.entries()) queue.add(key);
  return {
    wake: (key, { afterMs = 0 } = {}) => queue.add(key, afterMs),
    interrupt: (key, reason) => queue.interrupt(key, reason),
    stop: async () => {
      subscription[Symbol.dispose]();
      await queue.close(graceMs, failure('Superseded', { what: 'the operator is stopping' }));
    },
  };
}

/** Our own status writes must not wake us. */
function isNews(old: Reconciled, now: Reconciled): boolean {
  const view = ({ metadata }: Reconciled): string =>
    JSON.stringify([
      metadata.generation,
      metadata.deletionTimestamp,
      metadata.annotations,
      metadata.finalizers,
      metadata.uid,
    ]);
  return view(old) !== view(now);
}

interface Next {
  readonly result: string;
  readonly failed: boolean;
  readonly afterMs: number | undefined;
}

/** One run over one object. */
class Run<T extends Reconciled> {
  readonly #options: ControllerOptions<T>;
  readonly #key: string;
  readonly #object: T;
  readonly #signal: AbortSignal;
  readonly #status: Record<string, unknown> = {};
  readonly #conditions: ConditionChange[] = [];
  readonly #notes: EventNote[] = [];

  constructor(options: ControllerOptions<T>, key: string, object: T, signal: AbortSignal) {
    this.#options = options;
    this.#key = key;
    this.#object = object;
    this.#signal = signal;
  }

  async go(attempt: number): Promise<Next> {
    const { definition } = this.#options;
    const { metadata } = this.#object;
    const deleting = metadata.deletionTimestamp !== undefined;
    if (deleting && !(definition.finalizer && metadata.finalizers?.includes(definition.finalizer))) {
      return { result: 'gone', failed: false, afterMs: undefined };
    }
    if (!deleting && (await this.#addFinalizer())) return { result: 'finalizer', failed: false, afterMs: undefined };
    const result = await this.#outcome(deleting);
    // A newer commit took over: that run tells how things stand.
    if (this.#signal.aborted) return { result: 'superseded', failed: false, afterMs: undefined };
    if (deleting && 'kind' in result && result.kind === 'settled') {
      await this.#removeFinalizer();
      return { result: 'deleted', failed: false, afterMs: undefined };
    }
    const afterMs = this.#nextMs(result, attempt + 1);
    await this.#write(result, afterMs);
    const failed = !('kind' in result);
    return { result: failed ? result.reason : result.kind, failed, afterMs };
  }

  async #outcome(deleting: boolean): Promise<Outcome | Failure> {
    const { definition, clock, log } = this.#options;
    const limit = new AbortController();
    const timeoutMs = definition.timeout(this.#object);
    const cancel = clock.after(timeoutMs, () =>
      limit.abort(
        failure('TimedOut', { what: `the run took longer than ${timeoutMs / 1000} s`, remedy: 'raise spec.timeout' }),
      ),
    );
    const signal = AbortSignal.any([this.#signal, limit.signal]);
    const context: ReconcileContext = {
      key: this.#key,
      signal,
      clock,
      log: log.with({ kind: definition.kind.kind, key: this.#key }),
      report: (status) => void Object.assign(this.#status, status),
      condition: (type, status, reason, message) => void this.#conditions.push({ type, status, reason, message }),
      event: (note) => void this.#notes.push(note),
    };
    try {
      return await (deleting && definition.finalize
        ? definition.finalize(this.#object, context)
        : definition.reconcile(this.#object, context));
    } catch (error) {
      return asFailure(limit.signal.aborted && !this.#signal.aborted ? limit.signal.reason : error);
    } finally {
      cancel();
    }
  }

  #nextMs(result: Outcome | Failure, attempt: number): number | undefined {
    const { definition, clock } = this.#options;
    const interval = definition.interval(this.#object);
    if ('kind' in result) {
      const until = result.kind === 'settled' ? undefined : result.untilMs;
      return until === undefined ? interval : Math.max(until - clock.now(), 1);
    }
    if (result.retry === 'on-change') return interval;
    const own = definition.retryInterval?.(this.#object);
    return Math.max(own ?? backoffMs(attempt, retry, Math.random), result.retryAfterMs ?? 0);
  }

  /** One patch, and none when it would say nothing new. */
  async #write(result: Outcome | Failure, afterMs: number | undefined): Promise<void> {
    const { metadata, status: old = {} } = this.#object;
    const { clock, events } = this.#options;
    const now = clock.now();
    const conditions = foldConditions({
      previous: old.conditions ?? [],
      result,
      reported: this.#conditions,
      generation: metadata.generation ?? 0,
      now,
    });
    const patch = { ...this.#status, ...this.#progressOf(result, now, afterMs), conditions };
    this.#tell(result, conditions);
    const object = this.#object as unknown as KubeObject;
    for (const note of this.#notes) events.emit(object, note);
    const changes = newFields(old, patch);
    if (Object.keys(changes).length > 0) await this.#patchStatus(changes);
  }

  /** The fields of the status that every kind has. */
  #progressOf(result: Outcome | Failure, now: number, afterMs: number | undefined): Record<string, unknown> {
    const { generation, annotations: given } = this.#object.metadata;
    const asked = given?.[annotations.reconcile];
    const failed = !('kind' in result);
    const again = failed && result.retry === 'backoff' && afterMs !== undefined;
    return {
      observedGeneration: generation,
      waitingFor: !failed && result.kind !== 'settled' ? result.message : null,
      nextTry: again ? new Date(now + afterMs).toISOString().replace(/\.\d+Z$/, 'Z') : null,
      ...(asked === undefined ? {} : { lastHandledReconcileAt: asked }),
    };
  }

  /** A failure that is new goes into the log and an Event, in the words of the condition. */
  #tell(result: Outcome | Failure, conditions: readonly Condition[]): void {
    const { definition, metrics, log } = this.#options;
    const { metadata, status } = this.#object;
    const { kind } = definition.kind;
    const ready = (all: readonly Condition[] = []): Condition | undefined => all.find(({ type }) => type === 'Ready');
    const now = ready(conditions);
    metrics.ready.set(
      { kind, namespace: metadata.namespace ?? '', name: metadata.name },
      now?.status === 'True' ? 1 : 0,
    );
    if ('kind' in result || ready(status?.conditions)?.message === now?.message) return;
    this.#notes.push({ type: 'Warning', reason: result.reason, message: result.message });
    log.warn(result.message, { kind, key: this.#key, reason: result.reason });
  }

  async #patchStatus(status: Readonly<Record<string, unknown>>): Promise<void> {
    const { transport, resource, cache } = this.#options;
    const { namespace, name } = this.#object.metadata;
    await cache.write(this.#key, () => patchStatus({ transport, resource, namespace, name, patch: { status } }));
  }

  async #addFinalizer(): Promise<boolean> {
    const { finalizer } = this.#options.definition;
    const { finalizers = [] } = this.#object.metadata;
    if (finalizer === undefined || finalizers.includes(finalizer)) return false;
    await this.#patchFinalizers([...finalizers, finalizer]);
    return true;
  }

  async #removeFinalizer(): Promise<void> {
    const { finalizer } = this.#options.definition;
    await this.#patchFinalizers((this.#object.metadata.finalizers ?? []).filter((name) => name !== finalizer));
  }

  async #patchFinalizers(finalizers: readonly string[]): Promise<void> {
    const { transport, resource, cache } = this.#options;
    const { namespace, name, resourceVersion } = this.#object.metadata;
    const patch = { metadata: { finalizers, resourceVersion } };
    await cache.write(this.#key, () => patchMerge({ transport, resource, namespace, name, patch }));
  }
}

/** The fields of the patch that differ from the status as it is. */
function newFields(old: object, patch: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const known = old as Record<string, unknown>;
  return Object.fromEntries(
    Object.entries(patch).filter(([field, value]) => canonical(known[field] ?? null) !== canonical(value ?? null)),
  );
}

const canonical = (value: unknown): string =>
  JSON.stringify(value, (_key, node: unknown) =>
    typeof node === 'object' && node !== null && !Array.isArray(node)
      ? Object.fromEntries(Object.entries(node).sort(([a], [b]) => (a < b ? -1 : 1)))
      : node,
  );
