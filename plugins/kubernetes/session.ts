/** What every operation of a configured provider has at hand. */
import type { Cluster } from './cluster.ts';
import type { Engine } from './engine.ts';
import type { Settings } from './settings.ts';

export interface Session {
  readonly settings: Settings;
  readonly cluster: Cluster;
  readonly engine: Engine;
  /** Aborted when the engine cancels the run. */
  readonly signal: AbortSignal;
}
