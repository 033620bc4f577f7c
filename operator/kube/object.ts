/** Kubernetes objects as plain data, and the one way to name them. */

export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };

export interface ManagedFields {
  readonly manager?: string;
  readonly operation?: 'Apply' | 'Update';
  readonly apiVersion?: string;
  readonly time?: string;
  readonly fieldsType?: string;
  readonly fieldsV1?: Readonly<Record<string, unknown>>;
  readonly subresource?: string;
}

export interface OwnerReference {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly uid: string;
  readonly controller?: boolean;
  readonly blockOwnerDeletion?: boolean;
}

export interface ObjectMeta {
  readonly name: string;
  readonly namespace?: string;
  readonly uid?: string;
  readonly resourceVersion?: string;
  readonly generation?: number;
  readonly creationTimestamp?: string;
  readonly deletionTimestamp?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly finalizers?: readonly string[];
  readonly ownerReferences?: readonly OwnerReference[];
  readonly managedFields?: readonly ManagedFields[];
  readonly generateName?: string;
}

export interface KubeObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: ObjectMeta;
  readonly [field: string]: unknown;
}

/** Group and kind: what stays the same over versions. */
export interface GroupKind {
  readonly group: string;
  readonly kind: string;
}

/** `Deployment.apps/shop/cart`, `ConfigMap/shop/settings`, `Namespace/shop`: an object's name over all versions. */
export type ObjectKey = string & { readonly brand: 'ObjectKey' };

export function groupOf(apiVersion: string): string {
  const slash = apiVersion.indexOf('/');
  return slash < 0 ? '' : apiVersion.slice(0, slash);
}

/** `Deployment.apps` or, in the core group, `ConfigMap`. */
export const kindName = ({ group, kind }: GroupKind): string => (group === '' ? kind : `${kind}.${group}`);

export const groupKindOf = (object: { apiVersion: string; kind: string }): GroupKind => ({
  group: groupOf(object.apiVersion),
  kind: object.kind,
});

export function objectKey(object: KubeObject): ObjectKey {
  const { name, namespace } = object.metadata;
  return keyOf(groupKindOf(object), namespace, name);
}

export function keyOf(kind: GroupKind, namespace: string | undefined, name: string): ObjectKey {
  return (namespace ? `${kindName(kind)}/${namespace}/${name}` : `${kindName(kind)}/${name}`) as ObjectKey;
}

export interface KeyParts extends GroupKind {
  readonly namespace: string | undefined;
  readonly name: string;
}

export function parseKey(key: ObjectKey): KeyParts {
  const [head = '', second = '', third] = key.split('/');
  const dot = head.indexOf('.');
  const kind = dot < 0 ? { kind: head, group: '' } : { kind: head.slice(0, dot), group: head.slice(dot + 1) };
  return third === undefined
    ? { ...kind, namespace: undefined, name: second }
    : { ...kind, namespace: second, name: third };
}
