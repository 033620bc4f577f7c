/** Leader election by a Lease: one operator works, the others wait. */
import { ApiError, createObject, type KubeObject, type Transport } from '#kube';
import { failure, type Clock, type Log } from '#runtime';

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
}

const name = 'plumbline';
const leaseMs = 15_000;
const renewMs = 5000;
const retryMs = 2000;
/** Stops leading this long before the Lease runs out for others. */
const deadlineMs = 10_000;
const resource = {
  group: 'coordination.k8s.io',
  version: 'v1',
  kind: 'Lease',
  plural: 'leases',
  namespaced: true,
  verbs: [],
  shortNames: [],
};

interface LeaseSpec {
  readonly holderIdentity?: string | null;
  readonly leaseDurationSeconds?: number;
  readonly renewTime?: string;
  readonly leaseTransitions?: number;
}

/** Returns when the work has ended after `signal`. @throws Failure when the Lease was lost. */
export async function lead(options: LeadOptions): Promise<void> {
  if (!options.enabled) return options.run(options.signal);
  const lease = new Lease(options);
  await lease.acquire();
  const lost = new AbortController();
  const renewing = new AbortController();
  const keeping = lease.keep(AbortSignal.any([renewing.signal, lost.signal]), lost);
  try {
    await options.run(AbortSignal.any([options.signal, lost.signal]));
  } finally {
    renewing.abort();
    await keeping;
    if (!lost.signal.aborted) await lease.release();
  }
  lost.signal.throwIfAborted();
}

class Lease {
  readonly #options: LeadOptions;
  #held: KubeObject | undefined;
  /** When the holder's last renewal was first seen here: clocks of machines are not compared. */
  #seen = { renewTime: '', at: 0 };

  constructor(options: LeadOptions) {
    this.#options = options;
  }

  async acquire(): Promise<void> {
    const { clock, signal, log, identity } = this.#options;
    while (!(await this.#tryAcquire())) await clock.sleep(retryMs * (0.8 + Math.random() * 0.4), { signal });
    log.info('leading', { identity });
  }

  async keep(signal: AbortSignal, lost: AbortController): Promise<void> {
    const { clock, log } = this.#options;
    let renewed = clock.now();
    while (!signal.aborted) {
      await clock.sleep(renewMs, { signal }).catch(() => undefined);
      if (signal.aborted) return;
      try {
        if (!(await this.#tryAcquire()))
          return lost.abort(failure('Superseded', { what: 'another operator took the lead' }));
        renewed = clock.now();
      } catch (error) {
        log.warn('the lease could not be renewed', { error });
        if (clock.now() - renewed > deadlineMs)
          return lost.abort(failure('ApiUnavailable', { what: 'the lease could not be renewed in time' }));
      }
    }
  }

  /** Lets the next one lead at once. */
  async release(): Promise<void> {
    try {
      await this.#put({ ...this.#spec(), holderIdentity: '', leaseDurationSeconds: 1 });
    } catch (error) {
      this.#options.log.warn('the lease could not be released', { error });
    }
  }

  async #tryAcquire(): Promise<boolean> {
    const { clock, identity, transport, namespace } = this.#options;
    this.#held ??= await this.#read();
    try {
      if (this.#held === undefined) {
        const object = {
          apiVersion: 'coordination.k8s.io/v1',
          kind: 'Lease',
          metadata: { name, namespace },
          spec: this.#renewed(0),
        };
        this.#held = await createObject({ transport, resource, object });
        return true;
      }
      const spec = this.#spec();
      if (spec.holderIdentity && spec.holderIdentity !== identity && !this.#expired(spec, clock.now())) {
        this.#held = undefined;
        return false;
      }
      const transitions = (spec.leaseTransitions ?? 0) + (spec.holderIdentity === identity ? 0 : 1);
      await this.#put(this.#renewed(transitions));
      return true;
    } catch (error) {
      this.#held = undefined;
      if (error instanceof ApiError && error.status === 409) return false;
      throw error;
    }
  }

  #expired({ renewTime = '', leaseDurationSeconds = leaseMs / 1000 }: LeaseSpec, now: number): boolean {
    if (renewTime !== this.#seen.renewTime) this.#seen = { renewTime, at: now };
    return now - this.#seen.at > leaseDurationSeconds * 1000;
  }

  #renewed(transitions: number): LeaseSpec & { acquireTime: string } {
    const time = new Date(this.#options.clock.now()).toISOString().replace('Z', '000Z');
    return {
      holderIdentity: this.#options.identity,
      leaseDurationSeconds: leaseMs / 1000,
      acquireTime: time,
      renewTime: time,
      leaseTransitions: transitions,
    };
  }

  #spec(): LeaseSpec {
    return this.#held?.['spec'] ?? {};
  }

  async #read(): Promise<KubeObject | undefined> {
    const { transport, namespace } = this.#options;
    try {
      const path = `/apis/coordination.k8s.io/v1/namespaces/${namespace}/leases/${name}`;
      return (await transport.request<KubeObject>({ method: 'GET', path })).body;
    } catch (error) {
      if (error instanceof ApiError && error.status === 404) return undefined;
      throw error;
    }
  }

  /** PUT with the resourceVersion that was read: two operators cannot both win. */
  async #put(spec: LeaseSpec): Promise<void> {
    const { transport, namespace } = this.#options;
    const path = `/apis/coordination.k8s.io/v1/namespaces/${namespace}/leases/${name}`;
    this.#held = (await transport.request<KubeObject>({ method: 'PUT', path, body: { ...this.#held, spec } })).body;
  }
}
