/** What the engine asks of a resource, and what it is told: the messages of its protocol as plain data. */
import type { ConstructRequest as SentConstruct } from '@pulumi/pulumi/proto/provider_pb.js';
import type { Session } from './session.ts';
import type { Value, ValueMap } from './property.ts';

interface Named {
  readonly urn: string;
  /** `kubernetes:apps/v1:Deployment` */
  readonly type: string;
  /** Name in the program. */
  readonly name: string;
}

export interface CheckRequest extends Named {
  /** Checked inputs of the last update; undefined for a new resource. */
  readonly olds: ValueMap | undefined;
  readonly news: ValueMap;
  /** The same for every try of one update; empty when the engine wants none. */
  readonly seed: Uint8Array;
  readonly autonaming: Autonaming | undefined;
}

export interface Autonaming {
  readonly mode: 'propose' | 'enforce' | 'disable';
  readonly proposed: string;
}

export interface CheckResult {
  readonly inputs: ValueMap;
  readonly failures: readonly CheckFailure[];
}

export interface CheckFailure {
  /** `metadata.name`; '' for the resource as a whole. */
  readonly property: string;
  readonly reason: string;
}

export interface DiffRequest extends Named {
  readonly id: string;
  readonly oldInputs: ValueMap;
  /** Outputs as {@link checkpoint} made them. */
  readonly oldOutputs: ValueMap;
  readonly news: ValueMap;
  /** Property paths: `spec.replicas`. */
  readonly ignoreChanges: readonly string[];
}

export type ChangeKind = 'add' | 'delete' | 'update';

export interface PropertyChange {
  /** `spec.template.spec.containers[0].image`, `metadata.labels["app.kubernetes.io/name"]` */
  readonly path: string;
  readonly kind: ChangeKind;
  readonly replaces: boolean;
  /** The inputs differ; else it is the cluster that differs from the state. */
  readonly written: boolean;
}

export interface DiffResult {
  readonly changes: readonly PropertyChange[];
  /** A change that no path tells. */
  readonly changed?: boolean;
  /** What asks for a new resource beside the changes that replace. */
  readonly replaces?: readonly string[];
  /** The new one can not be made while the old one has its name. */
  readonly deleteBeforeReplace: boolean;
}

export interface CreateRequest extends Named {
  readonly inputs: ValueMap;
  /** Undefined: the default of the kind. */
  readonly timeoutMs: number | undefined;
  readonly preview: boolean;
}

export interface Created {
  /** `namespace/name`, `name`; '' in a preview. */
  readonly id: string;
  readonly outputs: ValueMap;
}

export interface UpdateRequest extends DiffRequest {
  readonly timeoutMs: number | undefined;
  readonly preview: boolean;
}

export interface ReadRequest extends Named {
  readonly id: string;
  /** Both empty for an import or a `get`. */
  readonly oldInputs: ValueMap;
  readonly oldOutputs: ValueMap;
}

/** `id` is '' when the object is gone. */
export interface ReadResult {
  readonly id: string;
  readonly inputs: ValueMap;
  readonly outputs: ValueMap;
}

export interface DeleteRequest extends Named {
  readonly id: string;
  readonly oldInputs: ValueMap;
  readonly oldOutputs: ValueMap;
  readonly timeoutMs: number | undefined;
}

/** The life of one sort of resource. Each call throws a Failure; create, update and read may throw NotInitialized. */
export interface Handler {
  check(session: Session, request: CheckRequest): Promise<CheckResult>;
  diff(session: Session, request: DiffRequest): Promise<DiffResult>;
  create(session: Session, request: CreateRequest): Promise<Created>;
  update(session: Session, request: UpdateRequest): Promise<{ readonly outputs: ValueMap }>;
  read(session: Session, request: ReadRequest): Promise<ReadResult>;
  delete(session: Session, request: DeleteRequest): Promise<void>;
}

export interface InvokeRequest {
  /** `kubernetes:yaml:decode` */
  readonly token: string;
  readonly args: ValueMap;
  readonly preview: boolean;
}

export interface InvokeResult {
  readonly value: ValueMap;
  readonly failures: readonly CheckFailure[];
}

/** A component that the provider makes of other resources. */
export interface ConstructRequest extends Named {
  /** `host:port` of the engine's ResourceMonitor. */
  readonly monitor: string;
  readonly inputs: ValueMap;
  /** Package name to provider reference (`urn::id`). */
  readonly providers: Readonly<Record<string, string>>;
  /** As it came, for the options that go back to the engine with the component. */
  readonly sent: SentConstruct;
}

export interface Constructed {
  readonly urn: string;
  readonly state: Readonly<Record<string, Value>>;
  readonly stateDependencies: Readonly<Record<string, readonly string[]>>;
}
