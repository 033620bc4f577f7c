/** What makes a kind: its names, its schema, the columns of `kubectl get`. */
import { group, version } from './names.ts';
import type { Condition } from './conditions.ts';
import type { Node, Rule } from './schema.ts';
import { celRules, toCrdSchema } from './structural-schema.ts';

export interface Column {
  readonly name: string;
  readonly path: string;
  readonly type?: 'string' | 'date' | 'integer';
  /** 1 shows only with `-o wide`. */
  readonly priority?: 0 | 1;
}

/** All that a rule of a whole object may see of its metadata. */
type NameRule = Rule<{ readonly metadata: { readonly name: string } }>;

export interface KindDefinition {
  readonly group: string;
  readonly version: string;
  readonly apiVersion: string;
  readonly kind: string;
  readonly plural: string;
  readonly shortNames: readonly string[];
  readonly about: string;
  readonly spec: Node<unknown>;
  readonly status: Node<unknown> | undefined;
  readonly columns: readonly Column[];
  readonly rules: readonly NameRule[];
}

interface KindOptions {
  readonly kind: string;
  readonly plural: string;
  readonly shortNames: readonly string[];
  readonly about: string;
  readonly spec: Node<unknown>;
  readonly status?: Node<unknown>;
  readonly columns: readonly Column[];
  readonly rules?: readonly NameRule[];
}

export const defineKind = ({ status, rules = [], ...options }: KindOptions): KindDefinition => ({
  group,
  version,
  apiVersion: `${group}/${version}`,
  status,
  rules,
  ...options,
});

/** Metadata as the API server serves it. */
export interface Metadata {
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
}

interface OwnerReference {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly uid: string;
  readonly controller?: boolean;
  readonly blockOwnerDeletion?: boolean;
}

/** An object of ours as the API server serves it. A type, not an interface: only so is it also any Kubernetes object. */
export type CustomObject<Spec, Status> = {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: Metadata;
  readonly spec: Spec;
  readonly status?: Status & { readonly conditions?: readonly Condition[] };
};

/** The CustomResourceDefinition of a kind. */
export function toCrd({
  kind,
  plural,
  shortNames,
  about,
  spec,
  status,
  columns,
  rules,
}: KindDefinition): Record<string, unknown> {
  const schema = {
    type: 'object',
    description: about,
    required: ['spec'],
    properties: {
      apiVersion: { type: 'string' },
      kind: { type: 'string' },
      metadata: { type: 'object' },
      spec: toCrdSchema(spec.node),
      ...(status === undefined ? {} : { status: toCrdSchema(status.node) }),
    },
    ...(rules.length === 0 ? {} : { 'x-kubernetes-validations': celRules(rules) }),
  };
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${plural}.${group}` },
    spec: {
      group,
      scope: 'Namespaced',
      names: {
        kind,
        listKind: `${kind}List`,
        plural,
        singular: kind.toLowerCase(),
        shortNames,
        categories: ['plumbline'],
      },
      versions: [
        {
          name: version,
          served: true,
          storage: true,
          schema: { openAPIV3Schema: schema },
          ...(status === undefined ? {} : { subresources: { status: {} } }),
          additionalPrinterColumns: columns.map(({ name, path, type = 'string', priority = 0 }) => ({
            name,
            jsonPath: path,
            type,
            ...(priority === 0 ? {} : { priority }),
          })),
        },
      ],
    },
  };
}
