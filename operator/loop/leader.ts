/** Leader election by a Lease: one operator works, the others wait. */
import type { Transport } from '#kube';
import { failure, type Clock, type Log } from '#runtime';
import { Lease } from './lease.ts';

export interface LeadOptions {
  readonly transport: Transport;
  readonly clock: Clock;
  readonly log: Log;
  readonly namespace: string;
  readonly identity: string;
  /** False: lead at once, without a Lease. */
  readonly enabled: boolean;
  readonly signal: AbortSignal;
  /** Works until its signal is aborted; losing the Lease aborts it. */
  readonly run: (signal: AbortSignal) => Promise<void>;
  /** From 0 to 1, so that those who wait do not ask all at once. */
  readonly random?: () => number;
}

/** The Lease, in the operator's namespace. */
export const leaseName = 'plumbline';
const leaseMs = 15_000;
/** Without a renewal for so long the lead is given up, well before the Lease runs out for others. */
const deadlineMs = 10_000;
const renewMs = 5000;
const retryMs = 2000;
/** One request; a connection that hangs leaves time for another try before the deadline. */
const requestMs = 4000;

/** Returns when the work has ended after `signal`. @throws Failure when the Lease was lost. */
export async function lead(options: LeadOptions): Promise<void> {
  const { enabled, signal, run, log, identity, transport, clock, namespace } = options;
  if (!enabled) return run(signal);
  const lease = new Lease({ transport, clock, namespace, name: leaseName, identity, durationMs: leaseMs });
  const takenAt = await acquire(lease, options);
  if (takenAt === undefined) return;
  log.info('leading', { identity });
  const lost = new AbortController();
  const renewing = new AbortController();
  const keeping = keep(lease, takenAt, { ...options, signal: renewing.signal, lost });
  try {
    await run(AbortSignal.any([signal, lost.signal]));
  } finally {
    renewing.abort();
    await keeping;
    if (!lost.signal.aborted) await release(lease, options);
  }
  lost.signal.throwIfAborted();
}

/** The time before the request that took the Lease; undefined when told to stop first. An API server that is away is waited for. */
async function acquire(lease: Lease, { clock, signal, log, random }: LeadOptions): Promise<number | undefined> {
  while (!signal.aborted) {
    const asked = clock.now();
    try {
      if ((await inTime(clock, signal, (limited) => lease.take({ signal: limited }))) === 'held') return asked;
    } catch (error) {
      if (!signal.aborted) log.warn('the lease could not be asked for', { error });
    }
    await clock.sleep(spread(retryMs, random), { signal }).catch(() => undefined);
  }
  return undefined;
}

interface KeepOptions extends LeadOptions {
  readonly lost: AbortController;
}

/** Renews until told to stop. The deadline is a timer of its own: a request that hangs must not hide the loss. */
async function keep(lease: Lease, takenAt: number, { clock, signal, log, random, lost }: KeepOptions): Promise<void> {
  const deadlineFrom = (renewedAt: number): (() => void) =>
    clock.after(renewedAt + deadlineMs - clock.now(), () =>
      lost.abort(failure('ApiUnavailable', { what: `the lease could not be renewed for ${deadlineMs / 1000} s` })),
    );
  const ended = AbortSignal.any([signal, lost.signal]);
  let cancel = deadlineFrom(takenAt);
  let pauseMs = renewMs;
  try {
    for (;;) {
      await clock.sleep(spread(pauseMs, random), { signal: ended });
      const asked = clock.now();
      pauseMs = retryMs;
      const state = await inTime(clock, ended, (limited) => lease.take({ signal: limited })).catch((error: unknown) => {
        if (!ended.aborted) log.warn('the lease could not be renewed', { error });
        return 'changed' as const;
      });
      if (state === 'taken') return lost.abort(failure('Superseded', { what: 'another operator took the lead' }));
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

async function release(lease: Lease, { clock, log }: LeadOptions): Promise<void> {
  try {
    await inTime(clock, undefined, (signal) => lease.release({ signal }));
  } catch (error) {
    log.warn('the lease could not be released; the next operator waits until it runs out', { error });
  }
}

async function inTime<T>(
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

const spread = (ms: number, random = Math.random): number => ms * (0.8 + random() * 0.4);
