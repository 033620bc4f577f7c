/** What every operation of a configured provider has at hand. */
import type { Failure } from '#runtime';
import type { Cluster } from './cluster.ts';
import type { Engine } from './engine.ts';
import type { Settings } from './settings.ts';

export interface Session {
  readonly settings: Settings;
  readonly cluster: Cluster;
  readonly engine: Engine;
  /** `urn::id` of the provider, as which components make their resources; '' where the engine does not tell. */
  readonly reference: string;
  /** Ids that the state has, by URN, as far as the engine told of them in this run. */
  readonly inState: Map<string, string>;
  /** Uids of objects that this run took over on behalf of a create. */
  readonly takenOver: Set<string>;
  /** By URN: why an object that was read without a state must not be imported, since another stack owns it. */
  readonly foreign: Map<string, Failure>;
  /** Aborted when the engine cancels the run. */
  readonly signal: AbortSignal;
}

/** Of objects that name none. When nothing is sent, no cluster is asked. */
export function namespaceOf({ settings, cluster }: Session): Promise<string> {
  if (settings.renderTo === undefined) return cluster.defaultNamespace();
  return Promise.resolve(settings.namespace ?? 'default');
}
