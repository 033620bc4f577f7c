/** One configured provider: the session that its operations share, from the handshake until the engine closes it. */
import { failure } from '#runtime';
import { Cluster } from './cluster.ts';
import { Engine } from './engine.ts';
import type { ValueMap } from './property.ts';
import type { Session } from './session.ts';
import { readSettings, type Settings } from './settings.ts';

export class Provider implements AsyncDisposable {
  readonly #environment: Settings['environment'];
  readonly #cancel = new AbortController();
  #engine: Engine;
  #session: Session | undefined;

  constructor(engineAddress: string, environment: Settings['environment']) {
    this.#engine = new Engine(engineAddress);
    this.#environment = environment;
  }

  /** The engine that attaches to a running provider has another address. */
  attach(engineAddress: string): void {
    this.#engine = new Engine(engineAddress);
  }

  /** `reference`: `urn::id` of the provider, '' when not known. */
  configure(given: ValueMap, reference: string): void {
    const settings = readSettings(given, this.#environment);
    this.#session = {
      settings,
      cluster: new Cluster(settings),
      engine: this.#engine,
      reference,
      inState: new Map(),
      takenOver: new Set(),
      foreign: new Map(),
      signal: this.#cancel.signal,
    };
  }

  /** @throws Failure when the engine has not configured the provider */
  get session(): Session {
    if (this.#session === undefined) throw failure('Internal', { what: 'the provider is not configured yet' });
    return this.#session;
  }

  /** Ends what is under way: each operation fails, and says so. */
  cancel(): void {
    this.#cancel.abort(failure('Superseded', { what: 'the update was cancelled' }));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.cancel();
    await this.#session?.cluster[Symbol.asyncDispose]();
  }
}
