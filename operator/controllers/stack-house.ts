/** Puts together what the way of one commit needs: watches, inventory, engines, neighbours. */
import type { GitSource, Stack } from '#api';
import { Claims, InventoryStore } from '#apply';
import { Fights, ToldDrift, type OwnedObjects } from '#drift';
import { manifestsEngine, PulumiEngine, type Engine, type PulumiEngineOptions } from '#engines';
import {
  apiFailure,
  getObject,
  type Account,
  type Discovery,
  type KubeObject,
  type ObjectKey,
  type Resource,
  type Transport,
  type WatchCache,
} from '#kube';
import { changedFields } from '#plan';
import { RenderedStore } from '#record';
import { failure, waiting, type Clock, type Log, type Metrics, type Outcome } from '#runtime';
import type { Revisions, RevisionStore } from '#source';
import type { Health, Revision } from '#values';
import { accountOf, refOf, type House } from '#way';
import { endingNamespace } from './ending-namespace.ts';
import { Handovers } from './handovers.ts';
import { KindWaits } from './kind-waits.ts';
import { NamedObjects } from './named-objects.ts';
import type { PastRevisions } from './past-revisions.ts';
import type { Plans } from './plans.ts';
import { StackHealth } from './stack-health.ts';
import { keyOfStack, Stacks } from './stacks.ts';

export interface StackHouseOptions {
  readonly transport: Transport;
  readonly discovery: Discovery;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly stacks: WatchCache<Stack>;
  readonly sources: WatchCache<GitSource>;
  /** Names of Changes by `namespace/stack`, oldest first. */
  readonly changesOf: (stack: Stack) => readonly string[];
  readonly plans: Plans;
  readonly revisions: Revisions;
  readonly past: PastRevisions;
  readonly store: Pick<RevisionStore, 'hold'>;
  readonly resources: { readonly inventory: Resource; readonly change: Resource; readonly serviceAccount: Resource };
  readonly renderedFolder: string;
  /** What runs of the Pulumi engine need. */
  readonly pulumi: Pick<PulumiEngineOptions, 'runner' | 'states' | 'folder' | 'admission'>;
  readonly concurrency: number;
  readonly defaultServiceAccount: string;
  readonly ownAccount: Account | undefined;
  readonly allowCrossNamespace: boolean;
  /** Wakes a stack, now or later. */
  readonly wake: (key: string, afterMs?: number) => void;
}

export class StackHouse implements House, AsyncDisposable {
  readonly transport: Transport;
  readonly discovery: Discovery;
  readonly clock: Clock;
  readonly metrics: Metrics;
  readonly inventory: InventoryStore;
  readonly observed: OwnedObjects;
  readonly claims = new Claims();
  readonly fights = new Fights();
  readonly told = new ToldDrift();
  /** By stack: what the runs since it settled last are about. */
  readonly begun = new Map<string, { readonly content: string; readonly startedMs: number }>();
  readonly rendered: RenderedStore;
  readonly changes: House['changes'];
  readonly plans: Plans;
  readonly concurrency: number;
  readonly defaultServiceAccount: string;
  readonly ownAccount: Account | undefined;
  readonly neighbours: Stacks;
  readonly #options: StackHouseOptions;
  readonly #engines: ReadonlyMap<string, Engine>;
  readonly health: StackHealth;
  readonly #handovers: Handovers;
  readonly #kindWaits: KindWaits;
  readonly #named: NamedObjects;
  readonly #waitingForRevision = new Set<string>();

  constructor(options: StackHouseOptions) {
    this.#options = options;
    ({
      transport: this.transport,
      discovery: this.discovery,
      clock: this.clock,
      metrics: this.metrics,
      plans: this.plans,
      concurrency: this.concurrency,
      defaultServiceAccount: this.defaultServiceAccount,
      ownAccount: this.ownAccount,
    } = options);
    this.#kindWaits = new KindWaits(options);
    this.#named = new NamedObjects(options);
    this.inventory = new InventoryStore(options.transport, options.resources.inventory);
    this.rendered = new RenderedStore(options.renderedFolder);
    this.changes = { resource: options.resources.change, namesOf: options.changesOf };
    this.neighbours = new Stacks({
      ...options,
      claims: this.claims,
      inventory: this.inventory,
      treeOf: (stack, revision) => this.treeOf(stack, revision),
    });
    const engines: Engine[] = [manifestsEngine(options.discovery), this.#pulumiEngine()];
    this.#engines = new Map(engines.map((engine) => [engine.name, engine]));
    const { claims, inventory, neighbours } = this;
    this.#handovers = new Handovers({ claims, inventory, neighbours, wake: options.wake });
    this.health = new StackHealth({
      ...options,
      inventory,
      waitForKinds: (stack, kinds) => this.#kindWaits.add(stack, kinds),
    });
    this.observed = this.health.observed;
  }

  engineOf(stack: Stack): Engine {
    const engine = this.#engines.get(stack.spec.engine);
    if (engine !== undefined) return engine;
    throw failure('SourceInvalid', { where: 'spec.engine', what: `no engine is named ${String(stack.spec.engine)}` });
  }

  #pulumiEngine(): PulumiEngine {
    const { pulumi, store, wake } = this.#options;
    return new PulumiEngine({
      ...this.#options,
      ...pulumi,
      hold: (revision) => store.hold(revision),
      wake,
      named: this.#named,
      stackOf: (key) => this.neighbours.get(key),
      accountOf: (stack) => accountOf(stack, this),
      hasRevision: (stack) => this.hasRevision(stack),
      withApplied: async (stack, signal, use) => {
        const done = await this.#withApplied(stack, signal, async (revision) => ({ value: await use(revision) }));
        if (done !== undefined) return done.value;
        throw failure('SourceNotReady', { what: `the source of ${keyOfStack(stack)} has no revision yet` });
      },
    });
  }

  /** Ends what goes on in the background, cleanly. */
  async stopRuns(): Promise<void> {
    await Promise.all([...this.#engines.values()].map((engine) => engine.stop()));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stopRuns();
    await this.#named[Symbol.asyncDispose]();
    await this.health[Symbol.asyncDispose]();
  }

  treeOf(stack: Stack, revision: Revision): string | undefined {
    return this.engineOf(stack).treeOf(stack, revision);
  }

  revisionOf(stack: Stack): ReturnType<House['revisionOf']> {
    const { name, namespace } = stack.spec.sourceRef;
    this.#assertReach(stack, 'spec.sourceRef.namespace', `source ${namespace}/${name}`, namespace);
    return this.neighbours.revisionOf(stack);
  }

  async renderAgain(stack: Stack, signal: AbortSignal): ReturnType<House['renderAgain']> {
    const engine = this.engineOf(stack);
    const digest = stack.status?.applied?.digest ?? '';
    if (engine.recall !== undefined) return { objects: await engine.recall({ stack, signal }), digest };
    return this.#withApplied(stack, signal, (revision) => engine.render({ stack, revision, signal }));
  }

  hasRevision(stack: Stack): boolean {
    const has = this.neighbours.sourceOf(stack) !== undefined && this.revisionOf(stack) !== undefined;
    if (!has) this.#waitingForRevision.add(keyOfStack(stack));
    return has;
  }

  /** Lends the revision that the stack has applied; undefined, and the stack woken later, while its source has none. */
  async #withApplied<R>(
    stack: Stack,
    signal: AbortSignal,
    use: (revision: Revision) => Promise<R>,
  ): Promise<R | undefined> {
    const { applied } = stack.status ?? {};
    const source = this.neighbours.sourceOf(stack);
    const current = this.revisionOf(stack);
    if (current === undefined || source === undefined || applied === undefined) {
      this.#waitingForRevision.add(keyOfStack(stack));
      return undefined;
    }
    if (this.treeOf(stack, current) === applied.tree) return use(current);
    return this.#options.past.with({ source, commit: applied.commit, signal }, use);
  }

  /** Whether the stack could not go on without a revision of its source; asked when there is one. */
  missedRevision(stack: string): boolean {
    return this.#waitingForRevision.delete(stack);
  }

  hasSource(stack: Stack): boolean {
    return this.neighbours.sourceOf(stack) !== undefined;
  }

  hold(revision: Revision): Disposable {
    return this.#options.store.hold(revision);
  }

  waitForSource(stack: Stack): Outcome {
    const key = this.neighbours.sourceKeyOf(stack);
    const source = this.neighbours.sourceOf(stack);
    const wakes = [{ on: 'object', kind: 'GitSource', key }] as const;
    if (source === undefined) return waiting('SourceNotFound', `GitSource ${key} does not exist`, wakes);
    const ready = source.status?.conditions?.find(({ type }) => type === 'Ready');
    return waiting(
      'SourceNotReady',
      `GitSource ${key} has no revision yet${ready?.message ? `: ${ready.message}` : ''}`,
      wakes,
    );
  }

  /** @throws Failure CrossNamespaceReference when the stack names what is in another namespace, and may not. */
  #assertReach(stack: Stack, where: string, what: string, namespace: string | undefined): void {
    if (namespace === undefined || namespace === stack.metadata.namespace || this.#options.allowCrossNamespace) return;
    const remedy = 'move it, or start the operator with --allow-cross-namespace';
    throw failure('CrossNamespaceReference', { where, what: `${what} is in another namespace`, remedy });
  }

  gateInput(stack: Stack): ReturnType<House['gateInput']> {
    for (const { name, namespace } of stack.spec.dependsOn ?? [])
      this.#assertReach(stack, 'spec.dependsOn', `stack ${namespace}/${name}`, namespace);
    for (const { stackOutput } of stack.spec.pulumi?.configFrom ?? []) {
      if (stackOutput === undefined) continue;
      const { name, namespace } = stackOutput;
      this.#assertReach(stack, 'spec.pulumi.configFrom', `stack ${namespace}/${name}`, namespace);
    }
    return this.neighbours.gateInput(stack);
  }

  contentOf(stack: Stack, revision?: Revision): string {
    return this.neighbours.contentOf(stack, revision) ?? '';
  }

  claim(stack: string, content: string, keys: readonly ObjectKey[]): void {
    this.#handovers.claim(stack, content, keys);
  }

  waitForHandover(stack: Stack): ReturnType<House['waitForHandover']> {
    return this.#handovers.waitFor(stack);
  }

  handOver(stack: Stack, key: ObjectKey): Promise<void> {
    return this.#handovers.handOver(stack, key);
  }

  movesTo(stack: Stack, key: ObjectKey): string | undefined {
    return this.#handovers.movesTo(stack, key);
  }

  dependentsInDeletion(stack: Stack): ReturnType<House['dependentsInDeletion']> {
    return this.neighbours.dependentsInDeletion(stack);
  }

  waitForKinds(stack: Stack, kinds: ReadonlySet<string>): void {
    this.#kindWaits.add(keyOfStack(stack), kinds);
  }

  /** Called when a CustomResourceDefinition comes or goes: wakes the stacks that wait for its kind. */
  async kindsChanged(): Promise<void> {
    await this.#kindWaits.definitionsChanged();
    await this.observed.dropUnserved();
  }

  async assertAccount({ namespace, name }: { namespace: string; name: string }, signal: AbortSignal): Promise<void> {
    const { serviceAccount } = this.#options.resources;
    const account = await getObject({
      transport: this.transport,
      resource: serviceAccount,
      name,
      namespace,
      signal,
    }).catch((error: unknown) => {
      throw apiFailure(error, { verb: 'get', key: `ServiceAccount/${namespace}/${name}` });
    });
    if (account !== undefined) return;
    throw failure('ServiceAccountNotFound', {
      where: 'spec.serviceAccountName',
      what: `ServiceAccount ${namespace}/${name} does not exist`,
      remedy: 'create it, or name another one',
    });
  }

  endingNamespace(name: string, signal: AbortSignal): Promise<KubeObject | undefined> {
    return endingNamespace(this.transport, name, signal);
  }

  observeChecked(stack: Stack): Promise<void> {
    return this.health.observe(stack, accountOf(stack, this));
  }

  healthOf(stack: Stack): Health {
    return this.health.of(stack, accountOf(stack, this));
  }

  fieldsBetween(before: KubeObject, after: KubeObject): string[] {
    return changedFields(before, after).map(({ path }) => path);
  }

  wakeAfter(stack: Stack, ms: number): void {
    this.#options.wake(keyOfStack(stack), ms);
  }

  async forget(stack: Stack): Promise<void> {
    const key = keyOfStack(stack);
    await this.inventory.remove(refOf(stack));
    await this.rendered.forget(key);
    for (const engine of this.#engines.values()) await engine.forget(stack);
    this.claims.forget(key);
    this.told.forget(key);
    this.begun.delete(key);
    this.plans.forgetFindings(stack);
    this.#waitingForRevision.delete(key);
    this.#kindWaits.forget(key);
    await this.health.forget(key);
  }
}
