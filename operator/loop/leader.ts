/** Leader election by a Lease: one operator works, the others wait. */
import type { Transport } from '#kube';
import { failure, type Clock, type Log } from '#runtime';
import { HeldLease, inTime, leaseMs, retryMs, spread } from './held-lease.ts';
import { Lease } from './lease.ts';

export interface LeadOptions {
  readonly transport: Transport;
  readonly clock: Clock;
  readonly log: Log;
  readonly namespace: string;
  readonly identity: string;
  /** What the leader says of itself to whoever looks at the Lease. */
  readonly annotations?: Readonly<Record<string, string>>;
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

/** Returns when the work has ended after `signal`. @throws Failure when the Lease was lost. */
export async function lead(options: LeadOptions): Promise<void> {
  const { enabled, signal, run, log, identity, transport, clock, namespace, random, annotations } = options;
  if (!enabled) return run(signal);
  const lease = new Lease({ transport, clock, namespace, name: leaseName, identity, durationMs: leaseMs, annotations });
  const takenAt = await acquire(lease, options);
  if (takenAt === undefined) return;
  log.info('leading', { identity });
  const taken = () => failure('Superseded', { what: 'another operator took the lead' });
  const held = new HeldLease(lease, takenAt, { clock, log, random, taken });
  try {
    await run(AbortSignal.any([signal, held.signal]));
  } finally {
    await held[Symbol.asyncDispose]();
  }
  held.signal.throwIfAborted();
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
