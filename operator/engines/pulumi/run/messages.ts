/** What the operator and the process of one run tell each other, over the channel that Node gives a child. */
import type { Sealing } from './given-out.ts';
import type { Finding } from './repair.ts';
import type { Unfinished } from './pending.ts';
import type { ConfigValue, Operation, RunEvent, RunReport } from '../values.ts';

/** What the run's process needs to know; all paths are absolute. */
export interface Job {
  readonly operation: Operation;
  /** Folder with Pulumi.yaml, in the scratch folder of the run. */
  readonly workFolder: string;
  readonly pulumiStack: string;
  /** Whether the stack is there; undefined when it must be looked for. It is created when it is not. */
  readonly exists: boolean | undefined;
  /** False when no operation is known to have been cut off; undefined when the state must be asked. */
  readonly pending: boolean | undefined;
  readonly secretsProvider: string;
  /** The file with the config of the stack. */
  readonly configFile: string;
  /** Secret config that only the command can encrypt, with a key service. */
  readonly secretConfig: readonly ConfigValue[];
  /** Opens what the program gives out as secrets; undefined where only the command can. */
  readonly sealing: Sealing | undefined;
  /** URNs of what stays in the world when the program does not name it any more. */
  readonly retain: readonly string[];
  /** Before anything is changed, the state must be as the providers say. */
  readonly expectNoRefreshChanges: boolean;
  readonly options: JobOptions;
  /** Flags of the command line that the Automation API has no option for. */
  readonly flags: readonly string[];
  /** Never to be seen in anything that is told. */
  readonly secrets: readonly string[];
}

/** As the Automation API calls them. */
export interface JobOptions {
  readonly plan?: string;
  readonly refresh?: boolean;
  readonly expectNoChanges?: boolean;
  readonly target?: string[];
  readonly targetDependents?: boolean;
  readonly replace?: string[];
  readonly parallel?: number;
  readonly continueOnError?: boolean;
}

/** How the engine ended; what it did has been told by events. */
export interface JobResult extends Pick<RunReport, 'unchanged' | 'outputs'> {
  /** Exit code of the command; undefined when a signal ended it or it could not be started. */
  readonly code: number | undefined;
  /** Last lines of what it said, for failures that no diagnostic tells of. */
  readonly said: string;
}

export type ToChild =
  | { readonly kind: 'job'; readonly job: Job }
  | { readonly kind: 'cancel' }
  | { readonly kind: 'findings'; readonly findings: readonly Finding[] };

export type FromChild =
  | { readonly kind: 'event'; readonly event: RunEvent }
  /**
   * What an earlier run was making, or this one when its provider was lost; the operator looks for it in the cluster, and
   * answers with findings.
   */
  | { readonly kind: 'unfinished'; readonly unfinished: readonly Unfinished[]; readonly ofThisRun: boolean }
  /** The program prints without end. */
  | { readonly kind: 'flood' }
  | { readonly kind: 'ended'; readonly result: JobResult };
