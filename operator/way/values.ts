/** What is handed from room to room on the way of one commit. Plain readonly data; no room imports another. */
import type { KubeObject, ObjectKey } from '#kube';

/** Room 1: a commit, and where its exported tree lies on disk. */
export interface Revision {
  /** `main@sha1:<commit>`, `tag@sha1:…` */
  readonly name: string;
  readonly commit: string;
  readonly author: string;
  readonly committer: string;
  readonly subject: string;
  /** RFC 3339. */
  readonly time: string;
  /** Folder that holds the exported files. */
  readonly folder: string;
  /** Git tree (or blob) id of a path, '' or '.' being the root; undefined when the path is not in the commit. */
  treeOf(path: string): string | undefined;
}

/** Where an object was written: file relative to the repository's root, 1-based line of the document. */
export interface Origin {
  readonly file: string;
  readonly line: number;
}

export interface RenderedObject {
  readonly key: ObjectKey;
  /** Exactly what is sent to the API server. */
  readonly object: KubeObject;
  /** Content digest of `object`. */
  readonly digest: string;
  readonly origin: Origin;
}

/** Room 3: what the commit says, in the order of the files. */
export interface Rendered {
  readonly objects: readonly RenderedObject[];
  readonly digest: string;
}

/** One line of a stack's inventory, kept in the cluster. */
export interface InventoryEntry {
  readonly key: ObjectKey;
  /** Digest of what was sent; '' while an apply or a deletion is in hand. */
  readonly desired: string;
  /** Digest of our managed fields in the API server's last answer; '' before the first. */
  readonly seen: string;
  /** The commit that last changed the object. */
  readonly commit: string;
  /** What was done to the object and is in no Change yet; while the apply is in hand, what it will have been. */
  readonly unrecorded?: ObjectAction;
  /** The object goes by itself when its work is done: that it is not there is as wanted. */
  readonly expires?: boolean;
}

export type Inventory = ReadonlyMap<ObjectKey, InventoryEntry>;

export type PlannedAction = 'apply' | 'prune' | 'keep' | 'skip' | 'forget';

export interface PlannedObject {
  readonly key: ObjectKey;
  readonly action: PlannedAction;
  readonly rendered?: RenderedObject;
  /** Why, for people: `not in Git any more`, `new`, `content changed`, `annotation plumbline.dev/apply: skip`. */
  readonly why: string;
}

/** Room 4: what would change, in waves; pruning comes last, in reverse order of apply. */
export interface Plan {
  readonly waves: readonly Wave[];
  readonly prunes: readonly PlannedObject[];
  readonly changes: number;
}

export interface Wave {
  readonly name: string;
  readonly objects: readonly PlannedObject[];
  /** The next wave starts when every object of this one is healthy (CRDs, explicit wave numbers). */
  readonly barrier: boolean;
}

export type ObjectAction = 'created' | 'configured' | 'recreated' | 'adopted' | 'unchanged' | 'pruned';

export interface AppliedObject {
  readonly key: ObjectKey;
  readonly action: ObjectAction;
  /** JSON-path-like names of the fields that changed: `spec.replicas`. */
  readonly fields: readonly string[];
}

export interface ObjectFailure {
  readonly key: string;
  readonly reason: string;
  readonly message: string;
}

/** Room 6: what was done. */
export interface Applied {
  readonly objects: readonly AppliedObject[];
  readonly failures: readonly ObjectFailure[];
}

/** Room 7. `current`: as wanted; `inProgress`: on its way; `failed`: will not get there by itself; `terminating`. */
export type HealthStatus = 'current' | 'inProgress' | 'failed' | 'terminating';

export interface Health {
  readonly status: HealthStatus;
  /** For people: `2 of 3 replicas are ready`. */
  readonly message: string;
}

/** One field that somebody else changed, as status and events tell it. */
export interface DriftedField {
  readonly object: string;
  /** Path; '' when the object was deleted. */
  readonly field: string;
  /** What Git says. */
  readonly from: string;
  /** What was found. */
  readonly to: string;
  readonly manager: string;
}

export type ProposedAction = 'create' | 'update' | 'replace' | 'delete' | 'adopt' | 'import' | 'forget';

/** One field as a plan shows it: values of secrets masked, long ones cut. */
export interface ProposedField {
  /** `spec.template.spec.containers[name=web].image` */
  readonly path: string;
  readonly from: string;
  readonly to: string;
}

export interface ProposedChange {
  /** Key of a Kubernetes object, or URN of another resource. */
  readonly object: string;
  readonly action: ProposedAction;
  readonly fields: readonly ProposedField[];
  /** Why it would fail: what admission or validation said to the dry run. */
  readonly refused?: string;
  /** Where it was written, or what else people should know: `apps/web.yaml:12`, `its kind comes with the same change`. */
  readonly note?: string;
  /** Digest of what would be sent for this object, byte for byte, and of the live state that it was held against. */
  readonly identity: string;
}

/** What a commit would change in one stack: what a Plan stores, what is approved, what the apply is held to. */
export interface Proposal {
  /**
   * Of the identities of all changes, the stack, and what it had applied before; never of the commit. `proposalOf` (room
   * 4) makes it. While an approved plan is being applied, what is left of it is known by the identities of its changes.
   */
  readonly digest: string;
  readonly changes: readonly ProposedChange[];
}
