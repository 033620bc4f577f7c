/** One run over one object: finalizer, time-out, catch, fold, and one status patch when something is new. */
import type { Condition, KindDefinition } from '#api';
import { ApiError, apiFailure, patchMerge, patchStatus, type KubeObject } from '#kube';
import { failure, type Clock, type Failure, type Log, type Outcome } from '#runtime';
import { foldConditions, type ConditionChange } from './conditions.ts';
import type { ControllerOptions } from './controller.ts';
import type { EventNote } from './events.ts';
import { nextRunMs } from './next-run.ts';
import { statusOf, statusPatch } from './status.ts';

export interface ReconcileContext {
  readonly key: string;
  /** Aborted when the time is up, when something newer takes over, or when the operator stops. */
  readonly signal: AbortSignal;
  readonly clock: Clock;
  readonly log: Log;
  /** Merges fields into the status; `null` removes one. */
  readonly report: (status: Readonly<Record<string, unknown>>) => void;
  readonly condition: (type: string, status: boolean | 'Unknown', reason: string, message: string) => void;
  readonly event: (note: EventNote) => void;
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

/** What the loop needs of any of our kinds. */
export interface Reconciled {
  readonly metadata: KubeObject['metadata'];
  readonly spec: { readonly suspend?: boolean };
  readonly status?: { readonly conditions?: readonly Condition[]; readonly lastHandledReconcileAt?: string };
}

/** What became of a run; without `afterMs` only an event brings the next. */
export interface RunEnd {
  readonly result: string;
  readonly failed: boolean;
  readonly afterMs?: number;
}

const ended = (result: string): RunEnd => ({ result, failed: false });

export class Run<T extends Reconciled> {
  readonly #options: ControllerOptions<T>;
  readonly #key: string;
  readonly #object: T;
  readonly #signal: AbortSignal;
  readonly #reported: Record<string, unknown> = {};
  readonly #conditions: ConditionChange[] = [];
  readonly #notes: EventNote[] = [];

  constructor(options: ControllerOptions<T>, key: string, object: T, signal: AbortSignal) {
    this.#options = options;
    this.#key = key;
    this.#object = object;
    this.#signal = signal;
  }

  /** `attempt` is 1 unless runs failed before. @throws ApiError when the loop's own writes fail. */
  async go(attempt: number): Promise<RunEnd> {
    const { definition } = this.#options;
    const { metadata } = this.#object;
    const deleting = metadata.deletionTimestamp !== undefined;
    const held = definition.finalizer !== undefined && metadata.finalizers?.includes(definition.finalizer) === true;
    if (deleting && !held) return ended('gone');
    if (!deleting && !held && definition.finalizer !== undefined) {
      await this.#patchFinalizers([...(metadata.finalizers ?? []), definition.finalizer]);
      // The answer is in the cache now, which is what brings the next run.
      return ended('finalizer');
    }
    const result = await this.#outcome(deleting);
    // Something newer took over: that run tells how things stand.
    if (this.#signal.aborted) return ended('superseded');
    if (deleting && 'kind' in result && result.kind === 'settled') {
      const object = this.#object as unknown as KubeObject;
      for (const note of this.#notes) this.#options.events.emit(note.regarding ?? object, note);
      await this.#patchFinalizers((metadata.finalizers ?? []).filter((name) => name !== definition.finalizer));
      return ended('deleted');
    }
    return this.#conclude(result, attempt);
  }

  async #outcome(deleting: boolean): Promise<Outcome | Failure> {
    const { definition, clock } = this.#options;
    const limit = new AbortController();
    let cancel = (): void => undefined;
    try {
      const timeoutMs = definition.timeout(this.#object);
      const what = `the run took longer than ${timeoutMs / 1000} s`;
      cancel = clock.after(timeoutMs, () => limit.abort(failure('TimedOut', { what, remedy: 'raise spec.timeout' })));
      const context = this.#context(AbortSignal.any([this.#signal, limit.signal]));
      if (!deleting) return await definition.reconcile(this.#object, context);
      return (await definition.finalize?.(this.#object, context)) ?? noFinalize;
    } catch (error) {
      const reason: unknown = limit.signal.aborted && !this.#signal.aborted ? limit.signal.reason : error;
      return apiFailure(reason, { verb: 'reconcile' });
    } finally {
      cancel();
    }
  }

  #context(signal: AbortSignal): ReconcileContext {
    const { definition, clock, log } = this.#options;
    return {
      key: this.#key,
      signal,
      clock,
      log: log.with({ kind: definition.kind.kind, key: this.#key }),
      report: (status) => void Object.assign(this.#reported, status),
      condition: (type, status, reason, message) => void this.#conditions.push({ type, status, reason, message }),
      event: (note) => void this.#notes.push(note),
    };
  }

  /** Says how it went: conditions, status, events, metrics, and when to look again. */
  async #conclude(result: Outcome | Failure, attempt: number): Promise<RunEnd> {
    const { clock, definition, events, random = Math.random } = this.#options;
    const { metadata, status: old = {} } = this.#object;
    const now = clock.now();
    const nextMs = nextRunMs({
      result,
      attempt,
      intervalMs: definition.interval(this.#object),
      retryIntervalMs: definition.retryInterval?.(this.#object),
      now,
      random,
    });
    const conditions = foldConditions({
      previous: old.conditions ?? [],
      result,
      reported: this.#conditions,
      generation: metadata.generation ?? 0,
      now,
    });
    this.#tell(result, conditions);
    const object = this.#object as unknown as KubeObject;
    for (const note of this.#notes) events.emit(note.regarding ?? object, note);
    const status = statusOf({ metadata, reported: this.#reported, conditions, result, now, nextMs });
    const patch = statusPatch(old, status);
    if (patch !== undefined) await this.#patchStatus(patch);
    const failed = !('kind' in result);
    return { result: failed ? result.reason : result.kind, failed, afterMs: nextMs };
  }

  /** What is new goes into the log and an Event, in the words of the condition. */
  #tell(result: Outcome | Failure, conditions: readonly Condition[]): void {
    const { definition, metrics, log } = this.#options;
    const { metadata, status } = this.#object;
    const { kind } = definition.kind;
    const [before, now] = [readyOf(status?.conditions), readyOf(conditions)];
    const labels = { kind, namespace: metadata.namespace ?? '', name: metadata.name };
    metrics.ready.set(labels, now?.status === 'True' ? 1 : 0);
    const { reason, message } = result;
    if (before?.status === now?.status && before?.reason === reason && before?.message === now?.message) return;
    const fields = { kind, key: this.#key, reason };
    if (!('kind' in result)) {
      this.#notes.push({ type: 'Warning', reason, message });
      // Only what we did not expect needs more than its sentence.
      log.warn(message, reason === 'Internal' ? { ...fields, cause: result.cause } : fields);
    } else if (result.kind === 'settled') {
      this.#notes.push({ type: 'Normal', reason, message });
      log.info(message, fields);
    }
  }

  async #patchStatus(status: Readonly<Record<string, unknown>>): Promise<void> {
    const { transport, resource, cache } = this.#options;
    const { namespace, name } = this.#object.metadata;
    const signal = this.#signal;
    await cache.write(this.#key, () =>
      patchStatus({ transport, resource, namespace, name, patch: { status }, signal }),
    );
  }

  async #patchFinalizers(finalizers: readonly string[]): Promise<void> {
    const { transport, resource, cache } = this.#options;
    const { namespace, name, resourceVersion } = this.#object.metadata;
    // With the version that was read, so that another's finalizer that came meanwhile is not lost.
    const patch = { metadata: { finalizers, resourceVersion } };
    const signal = this.#signal;
    await cache.write(this.#key, () => patchMerge({ transport, resource, namespace, name, patch, signal }));
  }
}

const noFinalize: Outcome = { kind: 'settled', reason: 'Deleting', message: 'there is nothing to take down' };

const readyOf = (conditions: readonly Condition[] = []): Condition | undefined =>
  conditions.find(({ type }) => type === 'Ready');

/** The object changed or went while the run wrote: what the watch brings next is the truth. */
export const isOutdated = (error: unknown): boolean =>
  error instanceof ApiError && (error.status === 404 || error.status === 409);
