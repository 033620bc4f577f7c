/** A Lease of coordination.k8s.io as a lock: one holder, who renews it, and a time after which others may take it. */
import { ApiError, createObject, getObject, type KubeObject, type Resource, type Transport } from '#kube';
import type { Clock } from '#runtime';

export interface LeaseOptions {
  readonly transport: Transport;
  readonly clock: Clock;
  readonly namespace: string;
  readonly name: string;
  readonly identity: string;
  /** How long others respect a holder that has gone silent. */
  readonly durationMs: number;
  /** What the holder says of itself to whoever looks. */
  readonly annotations?: Readonly<Record<string, string>> | undefined;
}

interface LeaseSpec {
  readonly holderIdentity?: string | null;
  readonly leaseDurationSeconds?: number;
  readonly acquireTime?: string;
  readonly renewTime?: string;
  readonly leaseTransitions?: number;
}

interface LeaseObject extends KubeObject {
  readonly spec?: LeaseSpec;
}

interface Asked {
  readonly signal?: AbortSignal | undefined;
}

export interface LeaseHolder {
  readonly identity: string;
  /** As the holder wrote it: another one at the next look means that it lives. */
  readonly renewTime: string;
}

export const leaseResource: Resource = {
  group: 'coordination.k8s.io',
  version: 'v1',
  kind: 'Lease',
  plural: 'leases',
  namespaced: true,
  verbs: [],
  shortNames: [],
};

export class Lease {
  readonly #options: LeaseOptions;
  #known: LeaseObject | undefined;
  #other: LeaseHolder | undefined;
  #held = false;
  /** When the holder's last renewal was first seen here: clocks of machines are not compared. */
  #seen = { renewTime: '', at: 0 };

  constructor(options: LeaseOptions) {
    this.#options = options;
  }

  /** Whose it was at the last look that found it taken, or before it was taken over: also ours, of an earlier life. */
  get other(): LeaseHolder | undefined {
    return this.#other;
  }

  /**
   * Takes the Lease, or renews it. `taken`: somebody else holds it; `changed`: it changed meanwhile, ask again.
   * @throws ApiError
   */
  async take({ signal }: Asked = {}): Promise<'held' | 'taken' | 'changed'> {
    const { clock, identity } = this.#options;
    try {
      this.#known ??= await this.#read(signal);
      if (this.#known === undefined) {
        this.#known = await this.#create(signal);
        this.#held = true;
        return 'held';
      }
      const { spec = {} } = this.#known;
      const ours = spec.holderIdentity === identity;
      if (spec.holderIdentity && !(this.#held && ours))
        this.#other = { identity: spec.holderIdentity, renewTime: spec.renewTime ?? '' };
      if (spec.holderIdentity && !ours && !this.#expired(spec, clock.now())) {
        this.#known = undefined;
        return 'taken';
      }
      await this.#put(this.#holding(spec, ours), signal);
      this.#held = true;
      return 'held';
    } catch (error) {
      // Whether a write that failed took hold is for the next read to say.
      this.#known = undefined;
      if (error instanceof ApiError && error.status === 409) return 'changed';
      throw error;
    }
  }

  /** Lets the next one lead at once. @throws ApiError */
  async release({ signal }: Asked = {}): Promise<void> {
    this.#known ??= await this.#read(signal);
    const { spec = {} } = this.#known ?? {};
    if (spec.holderIdentity !== this.#options.identity) return;
    await this.#put({ ...spec, holderIdentity: '', leaseDurationSeconds: 1 }, signal);
  }

  #expired({ renewTime = '', leaseDurationSeconds }: LeaseSpec, now: number): boolean {
    if (renewTime !== this.#seen.renewTime) this.#seen = { renewTime, at: now };
    const duration = leaseDurationSeconds === undefined ? this.#options.durationMs : leaseDurationSeconds * 1000;
    return now - this.#seen.at > duration;
  }

  #holding(before: LeaseSpec, ours: boolean): LeaseSpec {
    const { clock, identity, durationMs } = this.#options;
    // MicroTime of the API: six digits.
    const time = new Date(clock.now()).toISOString().replace('Z', '000Z');
    return {
      holderIdentity: identity,
      leaseDurationSeconds: durationMs / 1000,
      acquireTime: ours ? (before.acquireTime ?? time) : time,
      renewTime: time,
      leaseTransitions: (before.leaseTransitions ?? 0) + (ours ? 0 : 1),
    };
  }

  async #read(signal: AbortSignal | undefined): Promise<LeaseObject | undefined> {
    const { transport, namespace, name } = this.#options;
    return getObject<LeaseObject>({ transport, resource: leaseResource, name, namespace, signal });
  }

  async #create(signal: AbortSignal | undefined): Promise<LeaseObject> {
    const { transport, namespace, name, annotations = {} } = this.#options;
    const spec = { ...this.#holding({}, false), leaseTransitions: 0 };
    const metadata = { name, namespace, annotations };
    const object = { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata, spec };
    return createObject({ transport, resource: leaseResource, object, signal });
  }

  /** PUT with the resourceVersion that was read: two operators cannot both win. */
  async #put(spec: LeaseSpec, signal: AbortSignal | undefined): Promise<void> {
    const { transport, namespace, name, annotations } = this.#options;
    const path = `/apis/coordination.k8s.io/v1/namespaces/${namespace}/leases/${name}`;
    const known = this.#known?.metadata;
    const body = {
      ...this.#known,
      metadata: { ...known, annotations: { ...known?.annotations, ...annotations } },
      spec,
    };
    this.#known = (await transport.request<LeaseObject>({ method: 'PUT', path, body, signal })).body;
  }
}
