/** Runs one program to its end: arguments as a list, an environment of its own, bounded output and time, never a shell. */
import { spawn, type ChildProcess } from 'node:child_process';
import type { Clock } from './clock.ts';
import { failure } from './failure.ts';

export interface ProgramOptions {
  readonly clock: Clock;
  readonly cwd: string;
  /** The whole environment of the program; nothing of ours is added. */
  readonly env: Readonly<Record<string, string>>;
  readonly input?: string;
  readonly timeoutMs: number;
  /** Kept of each output; the rest is read and dropped. */
  readonly maxBytes?: number;
  /** From SIGTERM to SIGKILL. */
  readonly graceMs?: number;
  readonly signal?: AbortSignal;
}

export interface ProgramResult {
  /** Undefined when a signal ended it. */
  readonly code: number | undefined;
  readonly endedBy: string | undefined;
  readonly stdout: string;
  readonly stderr: string;
  /** Whether output was dropped. */
  readonly truncated: boolean;
}

const defaults = { maxBytes: 1024 * 1024, graceMs: 5000 };

/**
 * The exit code is part of the result, not an error: what it means is the caller's business.
 * @throws Failure ToolUnavailable when it cannot be started, TimedOut; the signal's reason when aborted.
 */
export async function runProgram(
  program: string,
  args: readonly string[],
  options: ProgramOptions,
): Promise<ProgramResult> {
  const { clock, cwd, env, input, timeoutMs, signal, graceMs = defaults.graceMs } = options;
  signal?.throwIfAborted();
  // A group of its own, so that what the program starts ends with it.
  const child = spawn(program, args, { cwd, env: { ...env }, shell: false, detached: true, stdio: 'pipe' });
  const timers: (() => void)[] = [];
  let why: unknown;
  function end(reason: unknown): void {
    if (why !== undefined) return;
    why = reason;
    kill(child, 'SIGTERM');
    timers.push(clock.after(graceMs, () => kill(child, 'SIGKILL')));
  }
  const onAbort = (): void => end(signal?.reason);
  signal?.addEventListener('abort', onAbort, { once: true });
  timers.push(clock.after(timeoutMs, () => end(timedOut(program, timeoutMs))));
  try {
    const result = await ended(child, program, input ?? '', options.maxBytes ?? defaults.maxBytes);
    if (why !== undefined) throw why as Error;
    return result;
  } finally {
    signal?.removeEventListener('abort', onAbort);
    for (const cancel of timers) cancel();
  }
}

const timedOut = (program: string, ms: number): Error =>
  failure('TimedOut', { where: program, what: `did not end within ${ms / 1000} s`, remedy: 'raise the time-out' });

function kill(child: ChildProcess, signal: NodeJS.Signals): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, signal);
  } catch {
    // The group is gone already.
  }
}

function ended(child: ChildProcess, program: string, input: string, maxBytes: number): Promise<ProgramResult> {
  const stdout = new Bounded(maxBytes);
  const stderr = new Bounded(maxBytes);
  child.stdout?.on('data', (piece: Buffer) => stdout.add(piece));
  child.stderr?.on('data', (piece: Buffer) => stderr.add(piece));
  // A program may end without reading what it is given.
  child.stdin?.on('error', () => undefined).end(input);
  return new Promise((resolve, reject) => {
    child.once('error', (cause) =>
      reject(failure('ToolUnavailable', { where: program, what: `could not be started: ${cause.message}` }, { cause })),
    );
    // What it left running may hold the outputs open for ever: its own end counts.
    child.once('exit', () => kill(child, 'SIGKILL'));
    child.once('close', (code, endedBy) =>
      resolve({
        code: code ?? undefined,
        endedBy: endedBy ?? undefined,
        stdout: stdout.text,
        stderr: stderr.text,
        truncated: stdout.truncated || stderr.truncated,
      }),
    );
  });
}

/** The first bytes of a stream. */
class Bounded {
  readonly #most: number;
  readonly #pieces: Buffer[] = [];
  #size = 0;
  truncated = false;

  constructor(most: number) {
    this.#most = most;
  }

  add(piece: Buffer): void {
    const fits = piece.subarray(0, this.#most - this.#size);
    if (fits.length < piece.length) this.truncated = true;
    if (fits.length > 0) this.#pieces.push(fits);
    this.#size += fits.length;
  }

  get text(): string {
    return Buffer.concat(this.#pieces).toString('utf8');
  }
}
