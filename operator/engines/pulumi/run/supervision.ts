/** Watches over the process of one run: its time, its memory, its output; and sees to it that no process is left, ever. */
import { fork, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { failure, type Clock, type Failure } from '#runtime';
import type { Diagnostic, RunEvent, RunLimits, RunReport, Step } from '../values.ts';
import { memoryExceeded } from './causes.ts';
import type { Unfinished } from './pending.ts';
import type { Finding } from './repair.ts';
import type { FromChild, Job, JobResult, ToChild } from './messages.ts';
import { endAll, endProgram, programBytes } from './processes.ts';

export interface Supervision extends RunLimits {
  readonly clock: Clock;
  readonly signal: AbortSignal;
  onEvent(event: RunEvent): void;
  /** What became of that which an earlier run was making. */
  look(unfinished: readonly Unfinished[], ofThisRun: boolean): Promise<readonly Finding[]>;
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  /** A value in the environment of every process of the run, and of no other. */
  readonly mark: string;
  /** Of the program, for messages. */
  readonly path: string;
}

export interface Supervised extends Omit<JobResult, 'unchanged' | 'outputs'> {
  readonly report: Omit<RunReport, 'durationMs'>;
  /** Why the run was ended from outside: a Failure, or the reason of the signal. */
  readonly stopped: unknown;
}

/** The process of a run is given no more than it needs to pass events on. */
const childMemoryMiB = 512;
const memoryLookMs = 250;
const mebibyte = 1024 * 1024;

/** In the bundle the child is a file beside this one. */
const childFile = fileURLToPath(
  new URL(import.meta.url.endsWith('.ts') ? './child.ts' : './pulumi-run.js', import.meta.url),
);

/** Runs the job to its end; never throws for what the program or the engine does. @throws Failure ToolUnavailable */
export async function supervise(job: Job, supervision: Supervision): Promise<Supervised> {
  const { clock, cwd, env, mark, signal } = supervision;
  const child = fork(childFile, [], {
    cwd,
    env: { ...env },
    execArgv: [`--max-old-space-size=${childMemoryMiB}`, '--disable-warning=ExperimentalWarning'],
    // A session of its own, by which its processes are found.
    detached: true,
    serialization: 'advanced',
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  const running = new Running(child, supervision);
  try {
    if (signal.aborted) running.stop(signal.reason);
    return await running.toTheEnd(job);
  } finally {
    running[Symbol.dispose]();
    if (child.pid !== undefined) await endAll(child.pid, mark, clock);
  }
}

type Question = Extract<FromChild, { readonly kind: 'unfinished' }>;

class Running implements Disposable {
  readonly #child: ChildProcess;
  readonly #supervision: Supervision;
  readonly #steps: Step[] = [];
  readonly #failedSteps: Step[] = [];
  readonly #diagnostics: Diagnostic[] = [];
  readonly #cancels: (() => void)[] = [];
  /** Of the child itself: only what goes wrong before it can tell. */
  #said = '';
  #stopped: unknown;

  constructor(child: ChildProcess, supervision: Supervision) {
    this.#child = child;
    this.#supervision = supervision;
    const { clock, timeoutMs, signal, path } = supervision;
    this.#cancels.push(clock.after(timeoutMs, () => this.stop(timedOut(path, timeoutMs))));
    const onAbort = (): void => this.stop(signal.reason);
    signal.addEventListener('abort', onAbort, { once: true });
    this.#cancels.push(() => signal.removeEventListener('abort', onAbort));
    this.#watchMemory();
  }

  async toTheEnd(job: Job): Promise<Supervised> {
    const ended = Promise.withResolvers<JobResult>();
    const child = this.#child;
    child.on('message', (message: FromChild) => {
      if (message.kind === 'event') this.#add(message.event);
      else if (message.kind === 'flood') this.#endProgram(flooded(this.#supervision.path));
      else if (message.kind === 'unfinished') void this.#answer(message);
      else ended.resolve(message.result);
    });
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on('data', (piece: Buffer) => (this.#said = `${this.#said}${piece.toString()}`.slice(-4000)));
    }
    child.once('error', (cause) => {
      const what = `the process of the run could not be started: ${cause.message}`;
      ended.reject(failure('ToolUnavailable', { what }, { cause }));
    });
    child.once('exit', () => ended.resolve({ code: undefined, said: this.#said, unchanged: 0, outputs: {} }));
    this.#send({ kind: 'job', job });
    const { code, said, unchanged, outputs } = await ended.promise;
    const report = {
      steps: this.#steps,
      failedSteps: this.#failedSteps,
      unchanged,
      diagnostics: this.#diagnostics,
      outputs,
    };
    return { code, said, report, stopped: this.#stopped };
  }

  /** The engine is told to stop, which takes the operations in hand to their end; after the grace everything is killed. */
  stop(reason: unknown): void {
    if (this.#stopped !== undefined) return;
    this.#stopped = reason;
    const { clock, graceMs } = this.#supervision;
    this.#send({ kind: 'cancel' });
    this.#cancels.push(clock.after(graceMs, () => this.#kill()));
  }

  [Symbol.dispose](): void {
    for (const cancel of this.#cancels) cancel();
  }

  #send(message: ToChild): void {
    // A child that has ended is told of by its exit.
    if (this.#child.connected) this.#child.send(message, () => undefined);
  }

  #add(event: RunEvent): void {
    if (event.kind === 'step' && event.at === 'done') this.#steps.push(event.step);
    if (event.kind === 'step' && event.at === 'failed') this.#failedSteps.push(event.step);
    if (event.kind === 'diagnostic') this.#diagnostics.push(event.diagnostic);
    this.#supervision.onEvent(event);
  }

  async #answer({ unfinished, ofThisRun }: Question): Promise<void> {
    try {
      this.#send({ kind: 'findings', findings: await this.#supervision.look(unfinished, ofThisRun) });
    } catch (error) {
      // Nothing is repaired by guessing.
      this.stop(error);
      this.#kill();
    }
  }

  #kill(): void {
    const { clock, mark } = this.#supervision;
    const { pid } = this.#child;
    if (pid !== undefined) void endAll(pid, mark, clock);
  }

  /** The engine goes on without its program as far as to keep the state in order, and then fails. */
  #endProgram(reason: Failure): void {
    const { pid } = this.#child;
    if (pid === undefined || this.#stopped !== undefined) return;
    endProgram(pid);
    this.stop(reason);
  }

  #watchMemory(): void {
    const { clock, memoryMiB, path } = this.#supervision;
    const { pid } = this.#child;
    if (pid === undefined) return;
    let cancel = (): void => undefined;
    const look = (): void => {
      if (programBytes(pid) > memoryMiB * mebibyte) {
        const { reason, parts } = memoryExceeded({ path, memoryMiB });
        this.#endProgram(failure(reason, parts));
      }
      cancel = clock.after(memoryLookMs, look);
    };
    cancel = clock.after(memoryLookMs, look);
    this.#cancels.push(() => cancel());
  }
}

const timedOut = (where: string, ms: number): Failure =>
  failure('TimedOut', {
    where,
    what: `the run did not end within ${ms / 1000} s`,
    remedy: 'raise spec.timeout, or look at what the program or a resource waits for',
  });

const flooded = (where: string): Failure =>
  failure('OutputExceeded', {
    where,
    what: 'the program printed more than 64 MiB',
    remedy: 'make it print less: it may be printing in a loop',
  });
