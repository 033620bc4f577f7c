/** The runs of all stacks, in the background: one a stack, begun when there is memory for it, looked at by reconciles that never wait. */
import {
  asFailure,
  backoffMs,
  failure,
  type BackoffLimits,
  type Clock,
  type Failure,
  type Log,
  type Metrics,
} from '#runtime';
import type { Admission } from './admission.ts';
import { PacedLine } from './paced-line.ts';
import { orDiskFull } from './run/causes.ts';

export type Purpose = 'apply' | 'correct' | 'refresh' | 'destroy' | 'preview';

/** What a run in hand is given. */
export interface Telling {
  readonly signal: AbortSignal;
  /** Replaces the line that the stack says meanwhile. */
  readonly tell: (line: string) => void;
  /** Of this run: its lines carry the stack. */
  readonly log: Log;
}

export interface Task<R> {
  readonly purpose: Purpose;
  /** Of what the run is about: another content takes its place. */
  readonly content: string;
  /** What its failure holds back, if that is less than the content: {@link Runs.setBack}. */
  readonly attempt?: string | undefined;
  readonly memoryMiB: number;
  work(context: Telling): Promise<R>;
}

export type End<R> = { readonly value: R } | { readonly failed: Failure };

export interface Run<R> extends Pick<Task<R>, 'purpose' | 'content' | 'attempt'> {
  /** In hand, or waiting for memory; for people. */
  readonly line: string;
  /** Undefined while it goes on. */
  readonly end: End<R> | undefined;
  /** It was told to end before its time: what comes of it is no answer to anybody. */
  readonly cancelled: boolean;
}

export interface RunsOptions {
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly admission: Admission;
  /** Has a stack looked at again. */
  readonly wake: (stack: string) => void;
}

/** A stack says how far its run is at most so often: each time is a write. */
const tellMs = 2000;
const retryLimits: BackoffLimits = { firstMs: 5000, longestMs: 5 * 60_000 };

class Going<R> implements Run<R> {
  readonly purpose: Purpose;
  readonly content: string;
  readonly attempt: string | undefined;
  readonly cancelling = new AbortController();
  readonly told: PacedLine;
  end: End<R> | undefined;
  finished: Promise<void> = Promise.resolve();

  constructor({ purpose, content, attempt }: Task<R>, told: PacedLine) {
    this.purpose = purpose;
    this.content = content;
    this.attempt = attempt;
    this.told = told;
  }

  get line(): string {
    return this.told.shown;
  }

  get cancelled(): boolean {
    return this.cancelling.signal.aborted;
  }
}

interface Setback {
  readonly content: string;
  readonly attempts: number;
  readonly untilMs: number;
  readonly failed: Failure;
}

/** What a run hands back says itself when the engine did not come to its end. */
interface Ending {
  readonly failed?: Failure | undefined;
}

export class Runs<R extends Ending> {
  readonly #options: RunsOptions;
  readonly #runs = new Map<string, Going<R>>();
  readonly #setbacks = new Map<string, Setback>();

  constructor(options: RunsOptions) {
    this.#options = options;
  }

  of(stack: string): Run<R> | undefined {
    return this.#runs.get(stack);
  }

  /** Begins a run; the stack has none. */
  begin(stack: string, task: Task<R>): Run<R> {
    const { clock, wake } = this.#options;
    const run = new Going<R>(task, new PacedLine('starting', { clock, everyMs: tellMs, onChange: () => wake(stack) }));
    this.#runs.set(stack, run);
    run.finished = this.#go(stack, run, task);
    return run;
  }

  /** Tells a run to end cleanly; its stack is woken when it has. */
  cancel(stack: string, reason: Failure): void {
    this.#runs.get(stack)?.cancelling.abort(reason);
  }

  /** Takes a run that has ended out, once what came of it is told. */
  take(stack: string): void {
    if (this.#runs.get(stack)?.end !== undefined) this.#runs.delete(stack);
  }

  /** Notes a failure: the same content is not tried again at once, whatever wakes the stack. */
  setBack(stack: string, content: string, failed: Failure): void {
    const before = this.#setbacks.get(stack);
    const attempts = before?.content === content ? before.attempts + 1 : 1;
    const waitMs = failed.retry === 'on-change' ? Infinity : backoffMs(attempts, retryLimits, Math.random);
    this.#setbacks.set(stack, { content, attempts, untilMs: this.#options.clock.now() + waitMs, failed });
  }

  /** What failed last and is not to be tried again yet, as a Failure that says when. */
  setbackOf(stack: string, content: string): Failure | undefined {
    const setback = this.#setbacks.get(stack);
    const leftMs = setback?.content === content ? setback.untilMs - this.#options.clock.now() : 0;
    if (setback === undefined || leftMs <= 0) return undefined;
    const { reason, parts, cause } = setback.failed;
    return failure(reason, parts, { cause, ...(Number.isFinite(leftMs) ? { retryAfterMs: leftMs } : {}) });
  }

  /** All is well, or somebody asks for another try. */
  forgive(stack: string): void {
    this.#setbacks.delete(stack);
  }

  /** Ends every run cleanly. */
  async stop(): Promise<void> {
    const runs = [...this.#runs.values()];
    for (const { cancelling } of runs) cancelling.abort(failure('Superseded', { what: 'the operator is stopping' }));
    await Promise.all(runs.map(({ finished }) => finished));
  }

  async #go(stack: string, run: Going<R>, task: Task<R>): Promise<void> {
    const { clock, metrics, admission, wake } = this.#options;
    const { purpose } = run;
    const log = this.#options.log.with({ kind: 'Stack', key: stack, run: purpose });
    const { signal } = run.cancelling;
    using told = run.told;
    const tell = (line: string): void => told.say(line);
    const asked = clock.now();
    const onWait = (): void =>
      tell(`waits for memory: ${admission.reservedMiB} of ${admission.totalMiB} MiB are taken by other runs`);
    let result = 'done';
    try {
      using _room = await admission.take(task.memoryMiB, { signal, onWait });
      const begun = clock.now();
      metrics.runWaitSeconds.observe((begun - asked) / 1000);
      tell('starting');
      log.debug('a run begins');
      using _timed = { [Symbol.dispose]: metrics.runSeconds.startTimer({ operation: purpose }) };
      const value = await task.work({ signal, tell, log });
      run.end = { value };
      if (value.failed !== undefined) result = signal.aborted ? 'cancelled' : value.failed.reason;
    } catch (error) {
      const failed = asFailure(signal.aborted ? signal.reason : orDiskFull(error, stack));
      result = signal.aborted ? 'cancelled' : failed.reason;
      run.end = { failed };
    }
    metrics.runs.inc({ operation: purpose, result });
    log.info('a run has ended', { result, seconds: (clock.now() - asked) / 1000 });
    wake(stack);
  }
}
