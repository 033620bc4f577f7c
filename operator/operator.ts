/** Wiring: transport, watches of our own kinds, controllers, probes, and the order in which they start and stop. */
import { join } from 'node:path';
import {
  changeKind,
  gitSourceKind,
  inventoryKind,
  labels,
  stackKind,
  type GitSource,
  type Inventory,
  type KindDefinition,
  type Stack,
} from '#api';
import type { Config } from '#config';
import {
  Discovery,
  loadClusterConfig,
  resourcePath,
  Transport,
  WatchCache,
  type KubeObject,
  type Resource,
} from '#kube';
import { createEvents, lead, startController, startProbes, type RunningController } from '#loop';
import { createLog, createMetrics, failure, systemClock, type Log, type Metrics } from '#runtime';
import { Revisions, RevisionStore } from '#source';
import { gitSourceController, tendSources } from './controllers/git-source.ts';
import { stackController } from './controllers/stack.ts';
import { StackHouse } from './controllers/stack-house.ts';
import { wireWakes } from './controllers/wakes.ts';

export interface Operator {
  /** Finishes or cleanly abandons the work in hand. */
  stop(why: string): Promise<void>;
  /** The exit code, once everything has ended. */
  readonly stopped: Promise<number>;
}

interface Base {
  readonly config: Config;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly transport: Transport;
  readonly discovery: Discovery;
}

const clock = systemClock;

/** Connects, answers probes, waits for the lead, then reconciles until stopped. */
export async function startOperator(config: Config): Promise<Operator> {
  const log = createLog({ level: config.logLevel, clock });
  const metrics = createMetrics();
  const cluster = await loadClusterConfig({ kubeconfig: config.kubeconfig, context: config.context });
  const transport = new Transport(cluster, {
    connections: config.connections,
    onRequest: ({ verb, status, path }) => {
      metrics.apiRequests.inc({ verb, code: String(status) });
      log.debug('request', { verb, status, path });
    },
  });
  const base: Base = { config, log, metrics, transport, discovery: new Discovery(transport) };
  let working: Working | undefined;
  const stopping = new AbortController();
  const probes = await startProbes({
    address: config.probeAddress,
    metrics,
    ready: () => working !== undefined || config.leaderElection,
  });
  const stopped = (async (): Promise<number> => {
    try {
      await lead({
        transport,
        clock,
        log,
        namespace: config.namespace,
        identity: config.identity,
        enabled: config.leaderElection,
        signal: stopping.signal,
        run: async (signal) => {
          working = await startWork(base);
          await aborted(signal);
          // Who lost the lead must not go on writing beside the new leader; who is told to stop may finish.
          await working.stop(stopping.signal.aborted ? {} : { graceMs: 0 });
        },
      });
      return 0;
    } catch (error) {
      log.error('the operator ended', { error });
      return 1;
    } finally {
      await probes.stop();
      await transport.close();
    }
  })();
  return {
    stopped,
    stop: async (why) => {
      log.info('stopping', { why });
      stopping.abort(failure('Superseded', { what: `told to stop: ${why}` }));
      await stopped;
    },
  };
}

const aborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) return resolve();
    signal.addEventListener('abort', () => resolve(), { once: true });
  });

interface Working {
  stop(options: { readonly graceMs?: number }): Promise<void>;
}

interface Own {
  readonly sources: WatchCache<GitSource>;
  readonly stacks: WatchCache<Stack>;
  readonly changes: WatchCache<ChangeView>;
  readonly definitions: WatchCache<number>;
  readonly resources: Readonly<Record<'source' | 'stack' | 'inventory' | 'change' | 'serviceAccount', Resource>>;
}

/** Watches our own kinds, and the definitions of all others. */
async function watchOwn({ transport, discovery, log }: Base, started: AsyncDisposableStack): Promise<Own> {
  const open = async <T>(
    resource: Resource,
    reduce: (object: KubeObject) => T,
    metadataOnly = false,
  ): Promise<WatchCache<T>> => {
    const cache = started.use(new WatchCache<T>({ transport, resource, reduce, metadataOnly, clock, log }));
    await cache.start();
    return cache;
  };
  const [source, stack, inventory, change, serviceAccount, crds] = await Promise.all([
    ownResource(discovery, gitSourceKind),
    ownResource(discovery, stackKind),
    ownResource(discovery, inventoryKind),
    ownResource(discovery, changeKind),
    builtin(discovery, '', 'ServiceAccount'),
    builtin(discovery, 'apiextensions.k8s.io', 'CustomResourceDefinition'),
  ]);
  const [sources, stacks, changes, definitions] = await Promise.all([
    open(source, (object) => object as unknown as GitSource),
    open(stack, (object) => object as unknown as Stack),
    open(change, changeOf, true),
    open(crds, ({ metadata }) => metadata.generation ?? 0, true),
  ]);
  return { sources, stacks, changes, definitions, resources: { source, stack, inventory, change, serviceAccount } };
}

/** Runs while this process leads. */
async function startWork(base: Base): Promise<Working> {
  const { config, log, metrics, transport, discovery } = base;
  await using started = new AsyncDisposableStack();
  const { sources, stacks, changes, definitions, resources } = await watchOwn(base, started);
  const revisions = new Revisions();
  const store = new RevisionStore({ folder: join(config.dataFolder, 'git'), clock, log });
  const controllers: { stack?: RunningController; source?: RunningController } = {};
  const house = new StackHouse({
    ...base,
    clock,
    stacks,
    sources,
    revisions,
    changesOf: (stack) => changeNames(changes, stack),
    resources,
    renderedFolder: join(config.dataFolder, 'rendered'),
    concurrency: config.connections,
    defaultServiceAccount: config.defaultServiceAccount,
    allowCrossNamespace: config.allowCrossNamespace,
    wake: (key, afterMs) => controllers.stack?.wake(key, afterMs === undefined ? {} : { afterMs }),
  });
  started.use(house.observed);
  await loadInventories(transport, resources.inventory, house);
  const events = started.use(
    createEvents({ transport, discovery, clock, log, controller: 'plumbline', instance: config.identity }),
  );
  const shared = { transport, events, clock, metrics, log };
  controllers.stack = startController({
    ...shared,
    definition: stackController(house, clock, config.concurrency),
    cache: stacks,
    resource: resources.stack,
  });
  // Wired before the first fetch, so that no revision goes unheard.
  started.use(wireWakes({ house, controller: controllers.stack, revisions, stacks, sources }));
  started.use(tendSources({ sources, store, revisions, log }));
  controllers.source = startController({
    ...shared,
    definition: gitSourceController({ store, revisions, transport, discovery }),
    cache: sources,
    resource: resources.source,
  });
  started.use(
    definitions.subscribe(
      () => void house.kindsChanged().catch((error: unknown) => log.warn('discovery failed', { error })),
    ),
  );
  const owned = started.move();
  return {
    stop: async (options) => {
      await Promise.all([controllers.source?.stop(options), controllers.stack?.stop(options)]);
      await owned.disposeAsync();
    },
  };
}

async function ownResource(discovery: Discovery, { group, kind, version }: KindDefinition): Promise<Resource> {
  const resource = await discovery.resource({ group, kind }, version);
  if (resource !== undefined) return resource;
  throw failure('UnknownKind', {
    what: `the cluster does not know ${kind}.${group}`,
    remedy: 'run `plumbline install` first',
  });
}

async function builtin(discovery: Discovery, group: string, kind: string): Promise<Resource> {
  const resource = await discovery.resource({ group, kind });
  if (resource !== undefined) return resource;
  throw failure('UnknownKind', { what: `the API server does not serve ${kind}` });
}

interface ChangeView {
  readonly stack: string;
  readonly created: string;
}

const changeOf = ({ metadata }: KubeObject): ChangeView => ({
  stack: `${metadata.namespace}/${metadata.labels?.[labels.changeOf] ?? ''}`,
  created: metadata.creationTimestamp ?? '',
});

function changeNames(changes: WatchCache<ChangeView>, { metadata }: Stack): string[] {
  const stack = `${metadata.namespace}/${metadata.name}`;
  return [...changes.entries()]
    .filter(([, change]) => change.stack === stack)
    .sort(([nameA, a], [nameB, b]) => a.created.localeCompare(b.created) || nameA.localeCompare(nameB))
    .map(([key]) => key.slice(key.indexOf('/') + 1));
}

/** Reads what every stack owns, before any stack is looked at. */
async function loadInventories(transport: Transport, resource: Resource, house: StackHouse): Promise<void> {
  const path = resourcePath(resource, {});
  let next = '';
  do {
    const query = { limit: '20', ...(next === '' ? {} : { continue: next }) };
    const { body } = await transport.request<{ items: Inventory[]; metadata: { continue?: string } }>({
      method: 'GET',
      path,
      query,
    });
    for (const inventory of body.items) house.inventory.load(inventory);
    next = body.metadata.continue ?? '';
  } while (next !== '');
}
