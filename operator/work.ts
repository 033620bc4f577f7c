/** Wiring of what runs while this process leads: watches of our own kinds, the house of the stacks, both controllers. */
import { join } from 'node:path';
import type { GitSource, Inventory } from '#api';
import type { Config } from '#config';
import {
  accountNamed,
  list,
  ownUser,
  resourcePath,
  type Discovery,
  type Resource,
  type Transport,
  type WatchCache,
  type ClusterConfig,
} from '#kube';
import { createEvents, startController, type ControllerOptions, type RunningController } from '#loop';
import { failure, type Clock, type Log, type Metrics } from '#runtime';
import { Revisions, RevisionStore } from '#source';
import { recallLastChange } from '#way';
import { fillGauges } from './controllers/gauges.ts';
import { gitSourceController, tendSources } from './controllers/git-source.ts';
import { SourceCredentials } from './controllers/source-credentials.ts';
import { changeNames, sizesOf, watchOwn, type OwnWatches } from './controllers/own-watches.ts';
import { stackController } from './controllers/stack.ts';
import { pulumiParts } from './controllers/pulumi-parts.ts';
import { PastRevisions } from './controllers/past-revisions.ts';
import { Plans, type PlansOptions } from './controllers/plans.ts';
import { SignedVotes } from './controllers/signed-votes.ts';
import { StackHouse } from './controllers/stack-house.ts';
import { wireWakes } from './controllers/wakes.ts';

export interface WorkOptions {
  readonly config: Config;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly transport: Transport;
  readonly discovery: Discovery;
  readonly cluster: ClusterConfig;
}

export interface Work {
  fillGauges(): void;
  stop(options: { readonly graceMs?: number }): Promise<void>;
}

/** Runs while this process leads. */
export async function startWork(base: WorkOptions): Promise<Work> {
  const { config, clock, log, metrics, transport, discovery } = base;
  await using started = new AsyncDisposableStack();
  const own = await watchOwn(base, started);
  const { sources, stacks, changes, definitions, resources } = own;
  const revisions = new Revisions();
  const store = openStore(base);
  let wake = (_key: string, _afterMs?: number): void => undefined;
  const user = await ownUser(transport);
  const signed = new SignedVotes({ ...base, ...own, store });
  const plans = await openPlans({ ...base, ...own, user, signed, wake: (key) => wake(key) }, started);
  const pulumi = await pulumiParts(base, started);
  const house = new StackHouse({
    ...{ ...base, ...own, pulumi },
    plans,
    revisions,
    past: new PastRevisions({ ...base, store }),
    store,
    changesOf: (stack) => changeNames(changes, stack),
    renderedFolder: join(config.dataFolder, 'rendered'),
    concurrency: config.connections,
    defaultServiceAccount: config.defaultServiceAccount,
    ownAccount: accountNamed(user),
    allowCrossNamespace: config.allowCrossNamespace,
    wake: (key, afterMs) => wake(key, afterMs),
  });
  started.use(house);
  await loadInventories(transport, resources.inventory, house);
  const events = started.use(
    createEvents({ transport, discovery, clock, log, controller: 'plumbline', instance: config.identity }),
  );
  const shared = { transport, events, clock, metrics, log };
  const stack = startController({
    ...shared,
    definition: stackController(house, clock, config.concurrency),
    cache: stacks,
    resource: resources.stack,
  });
  wake = (key, afterMs) => stack.wake(key, afterMs === undefined ? {} : { afterMs });
  // Wired before the first fetch, so that no revision goes unheard.
  started.use(wireWakes({ house, controller: stack, revisions, stacks, sources, definitions, log }));
  const source = startSources({ ...shared, discovery, resource: resources.source, sources, store, revisions }, started);
  const owned = started.move();
  return {
    fillGauges: () =>
      fillGauges({
        metrics,
        clock,
        stacks: house.neighbours.all(),
        revisionOf: (stack) => house.neighbours.revisionOf(stack),
        treeOf: (stack, revision) => house.treeOf(stack, revision),
        runs: pulumi.admission,
        waiting: plans.waiting(),
        cached: [...house.observed.sizes(), ...sizesOf(own)],
      }),
    stop: async (options) => {
      await Promise.all([source.stop(options), stack.stop(options), house.stopRuns()]);
      await owned.disposeAsync();
    },
  };
}

async function openPlans(
  options: PlansOptions & WorkOptions & OwnWatches,
  started: AsyncDisposableStack,
): Promise<Plans> {
  const plans = started.use(new Plans(options));
  await plans.proveGuard(options.stacks, options.log);
  return plans;
}

function openStore({ config, clock, log }: WorkOptions): RevisionStore {
  const { dataFolder, gitEnvironment: environment, gitCaFile: caFile } = config;
  return new RevisionStore({ folder: join(dataFolder, 'git'), clock, log, environment, caFile });
}

interface SourcesOptions extends Omit<ControllerOptions<GitSource>, 'definition' | 'cache'> {
  readonly discovery: Discovery;
  readonly sources: WatchCache<GitSource>;
  readonly store: RevisionStore;
  readonly revisions: Revisions;
}

function startSources(options: SourcesOptions, started: AsyncDisposableStack): RunningController {
  let secretChanged = (_source: string): void => undefined;
  const credentials = started.use(new SourceCredentials({ ...options, changed: (source) => secretChanged(source) }));
  started.use(tendSources({ ...options, credentials }));
  const definition = gitSourceController({ ...options, credentials });
  const controller = startController({ ...options, definition, cache: options.sources });
  // A fetch in hand uses what was in the Secret before.
  secretChanged = (key) => controller.interrupt(key, failure('Superseded', { what: 'the Secret was changed' }));
  return controller;
}

/** A shard can be hundreds of kilobytes. */
const shardsAtOnce = '20';

/** Reads what every stack owns, before any stack is looked at. */
async function loadInventories(transport: Transport, resource: Resource, house: StackHouse): Promise<void> {
  const pages = list(transport, {
    path: resourcePath(resource, {}),
    query: { limit: shardsAtOnce },
    accept: 'application/json',
  });
  const found: Inventory[] = [];
  for await (const inventory of pages) found.push(inventory as unknown as Inventory);
  house.inventory.load(found);
  for (const stack of house.neighbours.all()) await recallLastChange(stack, house);
}
