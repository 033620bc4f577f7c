/** The API server of a provider: connected on first use, its kinds asked for once. */
import {
  ApiError,
  Discovery,
  homeKubeconfig,
  loadClusterConfig,
  podService,
  type ClusterConfig,
  Transport,
  type KubeObject,
  type Resource,
} from '#kube';
import { asFailure, failure, systemClock, type Failure } from '#runtime';
import { clusterScoped } from './scopes.ts';
import type { Settings } from './settings.ts';

interface Connection {
  readonly transport: Transport;
  readonly discovery: Discovery;
  readonly namespace: string;
}

type TypeMeta = Pick<KubeObject, 'apiVersion' | 'kind'>;

/** A definition is served a moment after it is established. */
const servedWithinMs = 5000;
const lookAgainMs = 250;
/** Tries take seconds: a thousand resources need not find out one by one that nobody answers. */
const downForMs = 10_000;

export class Cluster implements AsyncDisposable {
  readonly #settings: Settings;
  #connection: Promise<Connection> | undefined;
  #down: { readonly error: unknown; readonly sinceMs: number } | undefined;

  constructor(settings: Settings) {
    this.#settings = settings;
  }

  /** @throws Failure ApiUnavailable when no kubeconfig says where the API server is. */
  async transport(): Promise<Transport> {
    return (await this.#connected()).transport;
  }

  /** Namespace of objects that name none. */
  async defaultNamespace(): Promise<string> {
    return this.#settings.namespace ?? (await this.#connected()).namespace;
  }

  /** Undefined when the API server does not serve the kind. @throws ApiError */
  async find({ apiVersion, kind }: TypeMeta): Promise<Resource | undefined> {
    if (this.#down !== undefined && systemClock.now() - this.#down.sinceMs < downForMs) throw this.#down.error;
    try {
      const { discovery } = await this.#connected();
      const slash = apiVersion.indexOf('/');
      const group = slash < 0 ? '' : apiVersion.slice(0, slash);
      return await discovery.resource({ group, kind }, apiVersion.slice(slash + 1));
    } catch (error) {
      if (isUnreachable(error)) this.#down = { error, sinceMs: systemClock.now() };
      throw error;
    }
  }

  /** As {@link find}, but asks again for a while, since the definition may have been made by this very run. */
  async resource(type: TypeMeta, signal: AbortSignal): Promise<Resource> {
    const started = systemClock.now();
    for (;;) {
      const found = await this.find(type);
      if (found !== undefined) return found;
      if (systemClock.now() - started > servedWithinMs) throw notServed(type);
      await systemClock.sleep(lookAgainMs, { signal });
      await this.forgetKinds();
    }
  }

  /** Custom kinds that nobody serves yet are taken for namespaced. */
  async isNamespaced(type: TypeMeta): Promise<boolean> {
    if (clusterScoped.has(`${type.apiVersion}/${type.kind}`)) return false;
    return (await this.find(type))?.namespaced ?? true;
  }

  /** All kinds that are served, in all their versions. @throws ApiError */
  async served(): Promise<readonly Resource[]> {
    return (await this.#connected()).discovery.served();
  }

  /** Whether the API server answers. */
  async isReachable(): Promise<boolean> {
    try {
      await this.served();
      return true;
    } catch (error) {
      if (!isUnreachable(error)) throw error;
      return false;
    }
  }

  /** After a CustomResourceDefinition came or changed. */
  async forgetKinds(): Promise<void> {
    (await this.#connected()).discovery.invalidate();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#connection !== undefined) await (await this.#connection).transport.close();
  }

  #connected(): Promise<Connection> {
    const connection = (this.#connection ??= this.#connect());
    connection.catch(() => {
      if (this.#connection === connection) this.#connection = undefined;
    });
    return connection;
  }

  async #connect(): Promise<Connection> {
    const config = await clusterConfigOf(this.#settings);
    const transport = new Transport(config);
    return { transport, discovery: new Discovery(transport), namespace: config.namespace ?? 'default' };
  }
}

/** @throws Failure ApiUnavailable when nothing says where the API server is */
export function clusterConfigOf({ kubeconfig, context, cluster, environment }: Settings): Promise<ClusterConfig> {
  return loadClusterConfig({
    kubeconfig: kubeconfig ?? (environment['KUBECONFIG'] || homeKubeconfig()),
    context,
    cluster,
    service: podService(environment),
  });
}

export const notServed = ({ apiVersion, kind }: TypeMeta): Failure =>
  failure('UnknownKind', {
    what: `the API server serves no kind ${kind} of ${apiVersion}`,
    remedy:
      'create its CustomResourceDefinition first, and let the object depend on it; or correct apiVersion and kind',
  });

/** Whether no answer came, so that nothing is known about the object. */
export function isUnreachable(error: unknown): boolean {
  return error instanceof ApiError ? error.status === 0 : asFailure(error).reason === 'ApiUnavailable';
}
