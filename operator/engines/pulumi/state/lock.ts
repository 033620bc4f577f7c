/** The lock of a state: a Lease in the stack's namespace, held by one run or command at a time. */
import { HeldLease, Lease, leaseMs } from '#loop';
import type { Transport } from '#kube';
import { failure, type Clock, type Failure, type Log } from '#runtime';
import type { StackName } from '../values.ts';
import { idOf, leaseName } from './names.ts';

export interface LockOptions {
  readonly transport: Transport;
  readonly clock: Clock;
  readonly log: Log;
  /** Who holds the lock, as others are told. */
  readonly identity: string;
}

const askMs = 1000;

/** Locks of one process: two of its own runs exclude each other as well. */
export class StateLocks {
  readonly #options: LockOptions;
  readonly #held = new Set<string>();

  constructor(options: LockOptions) {
    this.#options = options;
  }

  /**
   * A holder that renews is respected at once; one that is silent is waited for until its time has run out.
   * @throws ApiError, Failure StateLocked
   */
  async take(stack: StackName, { signal }: { readonly signal: AbortSignal }): Promise<StateLock> {
    const { transport, clock, log, identity } = this.#options;
    const id = idOf(stack);
    if (this.#held.has(id)) throw locked(stack, identity);
    this.#held.add(id);
    try {
      const { namespace } = stack;
      const lease = new Lease({ transport, clock, namespace, name: leaseName(stack), identity, durationMs: leaseMs });
      const takenAt = await this.#acquire(lease, stack, signal);
      const taken = (): Failure => locked(stack, lease.other?.identity);
      const held = new HeldLease(lease, takenAt, { clock, log, taken });
      return new StateLock(held, lease.other?.identity, () => this.#held.delete(id));
    } catch (error) {
      this.#held.delete(id);
      throw error;
    }
  }

  async #acquire(lease: Lease, stack: StackName, signal: AbortSignal): Promise<number> {
    const { clock } = this.#options;
    let seen: string | undefined;
    for (;;) {
      const asked = clock.now();
      const state = await lease.take({ signal });
      if (state === 'held') return asked;
      if (state === 'changed') continue;
      const { identity = '', renewTime } = lease.other ?? {};
      if (seen !== undefined && seen !== renewTime) throw locked(stack, identity);
      seen = renewTime;
      await clock.sleep(askMs, { signal });
    }
  }
}

export class StateLock implements AsyncDisposable {
  readonly #lease: HeldLease;
  readonly #released: () => void;
  /** Who held the lock and died. */
  readonly dead: string | undefined;

  constructor(lease: HeldLease, dead: string | undefined, released: () => void) {
    this.#lease = lease;
    this.dead = dead;
    this.#released = released;
  }

  /** Aborted when the lock is lost. */
  get signal(): AbortSignal {
    return this.#lease.signal;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      await this.#lease[Symbol.asyncDispose]();
    } finally {
      this.#released();
    }
  }
}

const locked = (stack: StackName, holder = 'somebody'): Failure =>
  failure('StateLocked', {
    where: idOf(stack),
    what: `the state is in the hands of ${holder}`,
    remedy: 'it goes on when that ends',
  });
