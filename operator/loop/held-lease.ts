/** A Lease in the hand: renewed while the work goes on, and said to be lost well before others may take it. */
import { failure, type Clock, type Failure, type Log } from '#runtime';
import type { Lease } from './lease.ts';

export interface HoldOptions {
  readonly clock: Clock;
  readonly log: Log;
  /** What somebody else who takes it has done. */
  readonly taken: () => Failure;
  /** From 0 to 1, so that many holders do not ask all at once. */
  readonly random?: (() => number) | undefined;
}

export const leaseMs = 15_000;
/** Without a renewal for so long the Lease is given up, well before it runs out for others. */
const deadlineMs = 10_000;
const renewMs = 5000;
export const retryMs = 2000;
/** One request; a connection that hangs leaves time for another try before the deadline. */
const requestMs = 4000;

export class HeldLease implements AsyncDisposable {
  readonly #lease: Lease;
  readonly #options: HoldOptions;
  readonly #lost = new AbortController();
  readonly #renewing = new AbortController();
  readonly #keeping: Promise<void>;

  /** `takenAt`: the time before the request that took it. */
  constructor(lease: Lease, takenAt: number, options: HoldOptions) {
    this.#lease = lease;
    this.#options = options;
    this.#keeping = this.#keep(takenAt);
  }

  /** Aborted when the Lease is lost, with the reason. */
  get signal(): AbortSignal {
    return this.#lost.signal;
  }

  /** Lets the next one have it at once, also when it was given up for want of a renewal and nobody took it since. */
  async [Symbol.asyncDispose](): Promise<void> {
    const { clock, log } = this.#options;
    this.#renewing.abort();
    await this.#keeping;
    try {
      await inTime(clock, undefined, (signal) => this.#lease.release({ signal }));
    } catch (error) {
      log.warn('the lease could not be released; the next one waits until it runs out', { error });
    }
  }

  /** Renews until told to stop. The deadline is a timer of its own: a request that hangs must not hide the loss. */
  async #keep(takenAt: number): Promise<void> {
    const { clock, log, random } = this.#options;
    const lost = this.#lost;
    const deadlineFrom = (renewedAt: number): (() => void) =>
      clock.after(renewedAt + deadlineMs - clock.now(), () =>
        lost.abort(failure('ApiUnavailable', { what: `the lease could not be renewed for ${deadlineMs / 1000} s` })),
      );
    const ended = AbortSignal.any([this.#renewing.signal, lost.signal]);
    let cancel = deadlineFrom(takenAt);
    let pauseMs = renewMs;
    try {
      for (;;) {
        await clock.sleep(spread(pauseMs, random), { signal: ended });
        const asked = clock.now();
        pauseMs = retryMs;
        const state = await inTime(clock, ended, (signal) => this.#lease.take({ signal })).catch((error: unknown) => {
          if (!ended.aborted) log.warn('the lease could not be renewed', { error });
          return 'changed' as const;
        });
        if (state === 'taken') return lost.abort(this.#options.taken());
        if (state === 'changed') continue;
        cancel();
        cancel = deadlineFrom(asked);
        pauseMs = renewMs;
      }
    } catch (error) {
      if (!ended.aborted) lost.abort(error);
    } finally {
      cancel();
    }
  }
}

/** One request about a Lease. @throws Failure ApiUnavailable when it is not answered soon */
export async function inTime<T>(
  clock: Clock,
  signal: AbortSignal | undefined,
  ask: (limited: AbortSignal) => Promise<T>,
): Promise<T> {
  const late = new AbortController();
  const what = `the API server did not answer within ${requestMs / 1000} s`;
  const cancel = clock.after(requestMs, () => late.abort(failure('ApiUnavailable', { what })));
  try {
    return await ask(signal === undefined ? late.signal : AbortSignal.any([signal, late.signal]));
  } finally {
    cancel();
  }
}

export const spread = (ms: number, random = Math.random): number => ms * (0.8 + random() * 0.4);
