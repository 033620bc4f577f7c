/** The one error of Plumbline: a closed reason, one clear sentence, and whether waiting can help. */
import { reasons, type Reason } from '#api';

/** The named parts of a message; `describe` makes one sentence of them: what, where, expected, found, what to do. */
export interface FailureParts {
  readonly what: string;
  readonly where?: string;
  readonly expected?: string;
  readonly found?: string;
  readonly remedy?: string;
}

export interface FailureOptions {
  readonly cause?: unknown;
  /** Milliseconds that the other side asked us to wait (Retry-After). */
  readonly retryAfterMs?: number;
}

export class Failure extends Error {
  readonly reason: Reason;
  readonly retry: 'backoff' | 'on-change';
  readonly retryAfterMs: number | undefined;
  readonly parts: FailureParts;

  constructor(reason: Reason, parts: FailureParts, options: FailureOptions = {}) {
    super(describe(parts), { cause: options.cause });
    this.name = 'Failure';
    this.reason = reason;
    this.retry = reasons[reason].retry;
    this.retryAfterMs = options.retryAfterMs;
    this.parts = parts;
  }
}

/** Makes a {@link Failure}; the only thing that Plumbline's code throws. */
export function failure(reason: Reason, parts: FailureParts, options: FailureOptions = {}): Failure {
  return new Failure(reason, parts, options);
}

/** One sentence: `where: what, expected …, found …; remedy`. */
export function describe({ what, where, expected, found, remedy }: FailureParts): string {
  const facts = [what, expected && `expected ${expected}`, found && `found ${found}`].filter(Boolean).join(', ');
  return `${where === undefined ? '' : `${where}: `}${facts}${remedy === undefined ? '' : `; ${remedy}`}`;
}

/** Anything caught, as a Failure: ours stay as they are, the rest become `Internal` with the cause kept. */
export function asFailure(error: unknown): Failure {
  if (error instanceof Failure) return error;
  const message = error instanceof Error ? error.message : String(error);
  return failure('Internal', { what: message, remedy: 'report this with the log of the operator' }, { cause: error });
}
