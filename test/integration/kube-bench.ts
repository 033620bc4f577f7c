/** What the tests of the watch cache share: a namespace, a proxy that does wrong, a cache behind it and what it told. */
import { createLog, systemClock } from '#runtime';
import {
  applyObject,
  deleteObject,
  loadClusterConfig,
  patchMerge,
  Transport,
  WatchCache,
  type KubeObject,
  type Resource,
  type TransportOptions,
} from '#kube';
import { cluster, FaultProxy, kubeconfig, testNamespace, until, type TestCluster } from '#testing';

export interface Seen {
  readonly version: string;
  readonly kind: string;
  readonly value: string | undefined;
}

interface Told {
  readonly type: string;
  readonly key: string;
  readonly old: Seen | undefined;
  readonly now: Seen | undefined;
}

const configMaps: Resource = {
  group: '',
  version: 'v1',
  kind: 'ConfigMap',
  plural: 'configmaps',
  namespaced: true,
  verbs: [],
  shortNames: [],
};

const reduce = ({ kind, metadata, data }: KubeObject): Seen => ({
  version: metadata.resourceVersion ?? '',
  kind,
  value: (data as { value?: string } | undefined)?.value,
});

/** Looks again every few milliseconds. @throws when it is not so in time */
export async function soon(what: string, check: () => boolean): Promise<void> {
  await until(what, () => Promise.resolve(check() ? true : undefined));
}

export class KubeBench implements AsyncDisposable {
  readonly cluster: TestCluster;
  readonly namespace: string;
  readonly proxy: FaultProxy;
  readonly faulty: Transport;
  readonly cache: WatchCache<Seen>;
  readonly told: Told[] = [];
  relists = 0;

  private constructor(parts: {
    cluster: TestCluster;
    namespace: string;
    proxy: FaultProxy;
    faulty: Transport;
    options: object;
  }) {
    this.cluster = parts.cluster;
    this.namespace = parts.namespace;
    this.proxy = parts.proxy;
    this.faulty = parts.faulty;
    const log = createLog({ level: 'error', clock: systemClock });
    this.cache = new WatchCache({
      transport: this.faulty,
      resource: configMaps,
      namespace: this.namespace,
      reduce,
      clock: systemClock,
      log,
      onRelist: () => (this.relists += 1),
      ...parts.options,
    });
    this.cache.subscribe(({ type, key, old, new: now }) => this.told.push({ type, key, old, now }));
  }

  static async open(
    options: { metadataOnly?: boolean; selector?: string } & TransportOptions = {},
  ): Promise<KubeBench> {
    const { silenceMs, ...cacheOptions } = options;
    const test = await cluster();
    const config = await loadClusterConfig({ kubeconfig });
    const proxy = await FaultProxy.start(config);
    const faulty = new Transport(
      { server: proxy.url, token: config.token },
      silenceMs === undefined ? {} : { silenceMs },
    );
    const namespace = await testNamespace(test);
    return new KubeBench({ cluster: test, namespace, proxy, faulty, options: cacheOptions });
  }

  /** Past the proxy, as Plumbline. */
  async put(name: string, value: string, labels: Record<string, string> = {}): Promise<KubeObject> {
    return this.send(this.cluster.transport, name, value, labels);
  }

  async send(
    transport: Transport,
    name: string,
    value: string,
    labels: Record<string, string> = {},
  ): Promise<KubeObject> {
    const metadata = { name, namespace: this.namespace, labels };
    const object: KubeObject = { apiVersion: 'v1', kind: 'ConfigMap', metadata, data: { value } };
    return (await applyObject({ transport, resource: configMaps, object, force: true })).object;
  }

  /** Past the proxy, as somebody else. */
  async note(name: string, note: string): Promise<KubeObject> {
    const patch = { metadata: { annotations: { note } } };
    const {
      namespace,
      cluster: { transport },
    } = this;
    return patchMerge({ transport, resource: configMaps, namespace, name, patch, manager: 'other' });
  }

  async remove(name: string): Promise<void> {
    const {
      namespace,
      cluster: { transport },
    } = this;
    await deleteObject({ transport, resource: configMaps, namespace, name });
  }

  key(name: string): string {
    return `${this.namespace}/${name}`;
  }

  /** Names and versions of what is there, by a list of its own. */
  async truth(): Promise<Record<string, string>> {
    const path = `/api/v1/namespaces/${this.namespace}/configmaps`;
    const { body } = await this.cluster.transport.request<{ items: KubeObject[] }>({ method: 'GET', path });
    return Object.fromEntries(
      body.items.map(({ metadata }) => [`${this.namespace}/${metadata.name}`, metadata.resourceVersion ?? '']),
    );
  }

  view(): Record<string, string> {
    return Object.fromEntries([...this.cache.entries()].map(([key, { version }]) => [key, version]));
  }

  async agrees(withinMs = 15_000): Promise<void> {
    const sorted = (map: Record<string, string>): string => JSON.stringify(Object.entries(map).sort());
    await until(
      'cache and API server agree',
      async () => (sorted(await this.truth()) === sorted(this.view()) ? true : undefined),
      withinMs,
    );
  }

  /** Each event goes on from the one before it, and no version of an object is told twice. @throws at the first that does not */
  chain(): void {
    const last = new Map<string, Seen | undefined>();
    const versions = new Set<string>();
    for (const event of this.told) {
      if (last.get(event.key)?.version !== event.old?.version) throw new Error(`a gap: ${JSON.stringify(event)}`);
      const told = `${event.key} ${event.now?.version}`;
      if (event.now !== undefined && versions.has(told)) throw new Error(`told twice: ${told}`);
      versions.add(told);
      last.set(event.key, event.now);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.cache[Symbol.asyncDispose]();
    await this.faulty.close();
    await this.proxy[Symbol.asyncDispose]();
    await this.cluster[Symbol.asyncDispose]();
  }
}
