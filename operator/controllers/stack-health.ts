/** How healthy a stack is: watches the objects that it owns and those that its health checks name. */
import type { Stack } from '#api';
import type { InventoryStore } from '#apply';
import { OwnedObjects } from '#drift';
import { compileChecks, healthOf, needsFullObject, summarise, type HealthChecks } from '#health';
import {
  groupKindOf,
  keyOf,
  type Account,
  type Discovery,
  type KubeObject,
  type ObjectKey,
  type Transport,
} from '#kube';
import type { Clock, Log } from '#runtime';
import type { Health } from '#values';
import { NamedObjects } from './named-objects.ts';
import { keyOfStack } from './stacks.ts';

export interface StackHealthOptions {
  readonly transport: Transport;
  readonly discovery: Discovery;
  readonly clock: Clock;
  readonly log: Log;
  readonly inventory: InventoryStore;
  readonly wake: (stack: string) => void;
  readonly waitForKinds: (stack: string, kinds: ReadonlySet<string>) => void;
}

const longestChecksCache = 1000;

export class StackHealth implements AsyncDisposable {
  readonly observed: OwnedObjects;
  readonly #options: StackHealthOptions;
  readonly #checked: NamedObjects;
  readonly #checks = new Map<string, { readonly text: string; readonly checks: HealthChecks }>();
  /** By stack: what its health checks name beside its own objects. */
  readonly #beside = new Map<string, readonly ObjectKey[]>();

  constructor(options: StackHealthOptions) {
    this.#options = options;
    this.#checked = new NamedObjects(options);
    this.observed = new OwnedObjects({
      ...options,
      needsFullObject: (kind) => needsFullObject(kind) || this.#isChecked(kind),
      healthOf: (object, stack) => healthOf(object, stack === undefined ? undefined : this.#checks.get(stack)?.checks),
    });
  }

  /** Compiles the health checks of a stack when they are new. @throws Failure ExpressionInvalid */
  async takeChecks(stack: Stack): Promise<void> {
    const key = keyOfStack(stack);
    const specs = stack.spec.healthChecks ?? [];
    const text = JSON.stringify(specs);
    if ((this.#checks.get(key)?.text ?? '[]') === text) return;
    const checks = compileChecks(specs);
    if (this.#checks.size > longestChecksCache && specs.length === 0) this.#checks.delete(key);
    else this.#checks.set(key, { text, checks });
    for (const { apiVersion, kind } of specs) {
      const slash = apiVersion.indexOf('/');
      await this.observed.refresh({ group: slash < 0 ? '' : apiVersion.slice(0, slash), kind });
    }
  }

  #isChecked({ group, kind }: { group: string; kind: string }): boolean {
    return [...this.#checks.values()].some(({ checks }) => checks.covers({ group, kind }));
  }

  /** Watches what the checks of a stack name beside its own objects, with the rights of the account. */
  async observe(stack: Stack, as: Account): Promise<void> {
    const key = keyOfStack(stack);
    const keys = await this.#namedByChecks(stack);
    if (keys.length === 0 && !this.#beside.delete(key)) return;
    this.#beside.set(key, keys);
    this.#options.waitForKinds(key, await this.#checked.observe({ stack: key, as, keys }));
  }

  /** Objects that the health checks name and the stack does not own. */
  async #namedByChecks(stack: Stack): Promise<ObjectKey[]> {
    const named = (stack.spec.healthChecks ?? []).filter(({ name }) => name !== undefined);
    if (named.length === 0) return [];
    const own = this.#options.inventory.of(keyOfStack(stack));
    const scopeOf = await this.#options.discovery.scopes();
    return named
      .map(({ apiVersion, kind, name = '', namespace = stack.metadata.namespace }) => {
        const checked = groupKindOf({ apiVersion, kind });
        return keyOf(checked, scopeOf(checked) === 'Cluster' ? undefined : namespace, name);
      })
      .filter((key) => !own.has(key));
  }

  /** The worst of what the stack owns and what its checks name beside that. */
  of(stack: Stack, as: Account): Health {
    const key = keyOfStack(stack);
    const unseen: Health = { status: 'inProgress', message: 'not seen yet' };
    const gone: Health = { status: 'current', message: 'its work is done' };
    const own = [...this.#options.inventory.of(key).values()].map(({ key: owned, expires }) => ({
      key: owned,
      health: this.observed.get(owned)?.health ?? (expires === true && this.observed.knows(owned) ? gone : unseen),
    }));
    const judge = (object: KubeObject): Health => healthOf(object, this.#checks.get(key)?.checks);
    const beside = (this.#beside.get(key) ?? []).map((other) => ({
      key: other,
      health: this.#checked.healthOf(as, other, judge),
    }));
    return summarise([...own, ...beside]);
  }

  async forget(stack: string): Promise<void> {
    this.#checks.delete(stack);
    this.#beside.delete(stack);
    await this.#checked.forget(stack);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([this.observed[Symbol.asyncDispose](), this.#checked[Symbol.asyncDispose]()]);
  }
}
