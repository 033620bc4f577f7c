/** What is handed between the parts of the Pulumi engine: what a run is asked to do, and what it has done. */
import type { Account } from '#kube';

export type Operation = 'preview' | 'up' | 'refresh' | 'destroy';

/** A stack by its name in Kubernetes. */
export interface StackName {
  readonly namespace: string;
  readonly name: string;
}

export interface ConfigValue {
  /** `project:key`, or `key` of the program's own project. */
  readonly key: string;
  readonly value: string;
  readonly secret: boolean;
  /** The key is a path into a map or list: `servers[0].name`. */
  readonly path?: boolean;
}

/** Where a run finds the state of its stack, as `StateStore.open` gives it. */
export interface Backend {
  /** `file:///…`, `s3://…`, `gs://…`, `azblob://…`, `postgres://…` */
  readonly url: string;
  /** `passphrase`, or the URL of a cloud key service. */
  readonly secretsProvider: string;
  /** PULUMI_CONFIG_PASSPHRASE and what else the backend needs. */
  readonly environment: Readonly<Record<string, string>>;
}

export interface RunRequest {
  readonly operation: Operation;
  readonly stack: StackName;
  /** Name of the Pulumi stack: `dev`, `org/project/dev`. It is created when it does not exist. */
  readonly pulumiStack: string;
  /** Must be the name in Pulumi.yaml when given. */
  readonly project: string | undefined;
  /** Folder of the exported commit; nothing is written into it. */
  readonly folder: string;
  /** Folder of the program, the one with Pulumi.yaml, relative to `folder`. */
  readonly path: string;
  readonly commit: string;
  readonly backend: Backend;
  readonly config: readonly ConfigValue[];
  /** The whole environment of the program beside PATH, HOME and what Pulumi itself needs. */
  readonly environment: Readonly<Record<string, string>>;
  /** Variables of it whose values must never be seen. */
  readonly secretEnvironment?: readonly string[];
  /** Run the install scripts of the program's packages. */
  readonly allowScripts?: boolean;
  /** The ServiceAccount as which the program reaches the API server. */
  readonly account: Account;
  /** File that a preview writes its plan to, for later, or that an up is held to. */
  readonly planFile?: string;
  /** URNs of what stays in the world when the program does not name it any more. */
  readonly retain?: readonly string[];
  /** Takes fields over from other managers. */
  readonly force?: boolean;
  readonly refresh: boolean;
  /** Looks at every target in the cluster, changed by the program or not, and takes back what others have changed. */
  readonly heal?: boolean;
  /** The run fails where the providers say otherwise than the state, before anything is changed. */
  readonly expectNoRefreshChanges?: boolean;
  readonly expectNoChanges: boolean;
  /** URNs; all when empty. */
  readonly targets: readonly string[];
  readonly targetDependents: boolean;
  readonly replace: readonly string[];
  /** Resource operations at once; 0 for Pulumi's default. */
  readonly parallel: number;
  readonly continueOnError: boolean;
  /** An up that would delete more is ended before it deletes anything, with PruneLimitExceeded. */
  readonly keeps?: Keeps | undefined;
  readonly limits: RunLimits;
}

/**
 * Held against what the program itself registers, at no cost. What the components of a provider make, and what has
 * another name now (aliases), counts as deleted: only a preview tells.
 */
export interface Keeps {
  /** Of the resources that the state holds. */
  readonly urns: readonly string[];
  /** So many of them may go. */
  readonly most: number;
  /** The program may make nothing at all. */
  readonly mayBeEmpty: boolean;
}

export interface RunLimits {
  /** After this long the run is told to stop. */
  readonly timeoutMs: number;
  /** After this long more it is killed. */
  readonly graceMs: number;
  /** Of the program. */
  readonly memoryMiB: number;
}

export type StepOperation =
  | 'same'
  | 'create'
  | 'update'
  | 'delete'
  /** It leaves the state, and stays in the world. */
  | 'forget'
  | 'replace'
  | 'create-replacement'
  | 'delete-replaced'
  | 'read'
  | 'refresh'
  | 'import';

/** One field that a step changes; values of secrets are `[secret]`. */
export interface StepField {
  /** `spec.replicas` */
  readonly path: string;
  readonly from: unknown;
  readonly to: unknown;
  /** The change of this field asks for a new resource. */
  readonly replaces: boolean;
}

export interface Step {
  readonly urn: string;
  /** `kubernetes:apps/v1:Deployment` */
  readonly type: string;
  readonly operation: StepOperation;
  readonly fields: readonly StepField[];
  /** As the state has it: `namespace/name` of Kubernetes objects. */
  readonly id?: string;
  /** What a Kubernetes object that is made will be called, or one of which a step failed. */
  readonly made?: MadeObject;
}

export interface MadeObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
}

/** What a plan file says of one resource. */
export interface PlannedResource {
  /** Of all that the update would be held to, in whatever order and under whatever seed it was written. */
  readonly digest: string;
  /** It holds secrets that nobody but a key service can open: they are not in the digest. */
  readonly sealed: boolean;
  /** As the engine calls them: `create`, `same`, `delete-replaced`. */
  readonly operations: readonly string[];
  /** Names of properties that change. */
  readonly properties: readonly string[];
}

/** By URN. */
export type PlanFile = ReadonlyMap<string, PlannedResource>;

export interface Diagnostic {
  readonly severity: 'info' | 'warning' | 'error';
  readonly urn: string;
  readonly message: string;
}

/** What is told while a run goes on. */
export type RunEvent =
  | { readonly kind: 'step'; readonly step: Step; readonly at: 'begun' | 'done' | 'failed' }
  | { readonly kind: 'diagnostic'; readonly diagnostic: Diagnostic }
  | { readonly kind: 'output'; readonly line: string };

export interface RunReport {
  /** Steps that changed something, or would, in the order in which they ended. */
  readonly steps: readonly Step[];
  readonly failedSteps: readonly Step[];
  /** Number of resources that stay as they are. */
  readonly unchanged: number;
  readonly diagnostics: readonly Diagnostic[];
  /** Of the stack; empty after a preview. */
  readonly outputs: Readonly<Record<string, { readonly value: unknown; readonly secret: boolean }>>;
  readonly durationMs: number;
  /** Of a preview. */
  readonly plan?: PlanFile;
}

/** Runs the Pulumi engine in a process of its own. @throws Failure with what was done in its cause, a `RunFailed` */
export interface Runner {
  run(
    request: RunRequest,
    options: { readonly signal: AbortSignal; onEvent(event: RunEvent): void },
  ): Promise<RunReport>;
}

/** A resource of the state, as far as the operator looks at it. */
export interface StateResource {
  readonly urn: string;
  readonly type: string;
  readonly id: string;
  readonly parent: string | undefined;
  readonly dependencies: readonly string[];
  readonly outputs: Readonly<Record<string, unknown>>;
  /** Being created or changed when the engine was killed. */
  readonly pending: boolean;
  /** The old one of a replacement, which is still to be deleted. */
  readonly replaced: boolean;
}

/** The state of one stack while a run has it; disposing gives the lock back, after the state is safe. */
export interface StateSession extends AsyncDisposable {
  readonly backend: Backend;
  /** Aborted when the lock is lost. */
  readonly signal: AbortSignal;
  /** The resources that the state holds now; secrets stay encrypted. */
  resources(): Promise<readonly StateResource[]>;
  /**
   * Whether what an engine said tells of locks of engines that died, and these are gone now; absent where the lock is
   * only the Lease. @throws Failure BackendFailed
   */
  freesDead?(said: string): Promise<boolean>;
}

export interface StateOptions {
  /** `cluster` when undefined, else a URL of Pulumi. */
  readonly backend: string | undefined;
  /** `passphrase` when undefined, else the URL of a cloud key service. */
  readonly secretsProvider?: string | undefined;
  /** Where the passphrase is; when undefined, the Secret `<stack>-pulumi`, which is made on first use. */
  readonly passphrase?: { readonly name: string; readonly key: string } | undefined;
  /** What the stack names of its own: credentials of a backend or a key service. */
  readonly environment?: Readonly<Record<string, string>> | undefined;
  /** Variables of it that come from Secrets. */
  readonly secretEnvironment?: readonly string[] | undefined;
  /** `dev` or `organization/project/dev`; a backend that is not the cluster's is asked by the full name. */
  readonly pulumiStack?: string | undefined;
  /** Completes a short name. */
  readonly project?: string | undefined;
  /** uid of the Stack: what an earlier Stack of the same name left on disk is not taken up. */
  readonly uid?: string | undefined;
  readonly signal: AbortSignal;
}

export interface StateStore {
  /**
   * Takes the lock and brings the state to where a run can use it.
   * @throws Failure StateLocked, StateCorrupt, SecretNotFound, PassphraseWrong, BackendInvalid, BackendFailed
   */
  open(stack: StackName, options: StateOptions): Promise<StateSession>;
  /**
   * The resources as they were left last, without the lock: for when no run is in hand.
   * @throws Failure StateCorrupt, BackendInvalid, BackendFailed
   */
  read(stack: StackName, options: StateOptions): Promise<readonly StateResource[]>;
  /** What the copy on this node's disk says, without the lock: all that is left of a state that went with its namespace. */
  onDisk(stack: StackName): Promise<readonly StateResource[]>;
  /** Removes state, lock and passphrase of a stack that has nothing left. */
  remove(stack: StackName, options: StateOptions): Promise<void>;
}
