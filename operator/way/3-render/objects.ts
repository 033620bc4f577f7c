/** Documents become objects: checked, flattened, put into their namespace, labelled with their stack. */
import { annotations, labels } from '#api';
import { digestOf, groupKindOf, kindName, objectKey, type GroupKind, type KubeObject } from '#kube';
import { failure, type Failure } from '#runtime';
import type { Origin, RenderedObject } from '#values';
import { isMap, itemsOf } from './lists.ts';
import { withoutServerOwned } from './server-owned.ts';

export interface ObjectRules {
  readonly stack: { readonly name: string; readonly namespace: string };
  readonly targetNamespace: string | undefined;
  /** Undefined when the API server does not know the kind. */
  readonly scopeOf: (kind: GroupKind) => 'Namespaced' | 'Cluster' | undefined;
}

type Fields = Readonly<Record<string, unknown>>;

/** The objects of one document; problems are collected, so that all can be told at once. */
export function toObjects(value: unknown, origin: Origin, rules: ObjectRules, problems: Failure[]): RenderedObject[] {
  if (value === null || value === undefined) return [];
  const problem = problemOf(value);
  if (problem !== undefined) {
    problems.push(failure('ObjectInvalid', { where: `${origin.file}:${origin.line}`, ...problem }));
    return [];
  }
  const items = itemsOf(value as Fields);
  if (items !== undefined) return items.flatMap((item) => toObjects(item, origin, rules, problems));
  return [rendered(value as KubeObject, origin, rules)];
}

interface Problem {
  readonly what: string;
  readonly remedy: string;
  readonly expected?: string;
  readonly found?: string;
}

function problemOf(value: unknown): Problem | undefined {
  if (!isMap(value)) {
    const found = Array.isArray(value) ? 'a list' : `the ${typeof value} ${JSON.stringify(value)?.slice(0, 60)}`;
    return {
      what: 'the document is not an object',
      expected: 'a mapping with apiVersion and kind',
      found,
      remedy: 'write one object a document',
    };
  }
  for (const field of ['apiVersion', 'kind']) {
    if (typeof value[field] !== 'string' || value[field] === '')
      return { what: `${field} is missing or not text`, remedy: `set ${field}` };
  }
  const kind = value['kind'] as string;
  if (itemsOf(value) !== undefined) return undefined;
  if (kind === 'Kustomization' && (value['apiVersion'] as string).startsWith('kustomize.config.k8s.io/')) {
    return {
      what: 'a kustomization is no object of the cluster',
      remedy: 'render it and commit the result; engine manifests applies plain objects',
    };
  }
  const metadata = value['metadata'];
  if (!isMap(metadata)) return { what: `${kind} has no metadata`, remedy: 'set metadata.name' };
  if (typeof metadata['name'] === 'string' && metadata['name'] !== '') return wrongAnnotation(metadata['annotations']);
  if (metadata['generateName'] !== undefined) {
    return {
      what: `${kind} has metadata.generateName`,
      remedy: 'set metadata.name: an object from Git needs a name of its own',
    };
  }
  return { what: `${kind} has no metadata.name, or one that is not text`, remedy: 'set metadata.name' };
}

/** What our annotations on objects may say. */
const annotationValues: Readonly<Record<string, { readonly expected: string; readonly allows: RegExp }>> = {
  [annotations.prune]: { expected: 'skip', allows: /^skip$/ },
  [annotations.apply]: { expected: 'skip or create-only', allows: /^(skip|create-only)$/ },
  [annotations.recreate]: { expected: 'allow', allows: /^allow$/ },
  [annotations.wave]: { expected: 'a whole number in quotes', allows: /^-?\d{1,9}$/ },
};

/** A mistake in one of ours would do what nobody meant: prune what was to be kept, say. */
function wrongAnnotation(written: unknown): Problem | undefined {
  if (!isMap(written)) return undefined;
  for (const [name, { expected, allows }] of Object.entries(annotationValues)) {
    const value = written[name];
    if (value === undefined || (typeof value === 'string' && allows.test(value))) continue;
    return { what: `annotation ${name}`, expected, found: JSON.stringify(value), remedy: 'correct or remove it' };
  }
  return undefined;
}

function rendered(document: KubeObject, origin: Origin, rules: ObjectRules): RenderedObject {
  const content = withoutServerOwned(document);
  const metadata: Record<string, unknown> = { ...content.metadata };
  const namespace = namespaceOf(document, rules);
  if (namespace === undefined) Reflect.deleteProperty(metadata, 'namespace');
  else metadata['namespace'] = namespace;
  metadata['labels'] = {
    ...document.metadata.labels,
    [labels.stack]: rules.stack.name,
    [labels.stackNamespace]: rules.stack.namespace,
  };
  const object = { ...withData(content), metadata } as unknown as KubeObject;
  return { key: objectKey(object), object, digest: digestOf(object), origin };
}

/**
 * A Secret with `stringData` as the API server will store it. Sent as it is written, the fields of `data` would be
 * owned by nobody, and a change of them would never show.
 */
function withData(document: object): object {
  const { stringData, ...rest } = document as Fields;
  const isSecret = rest['kind'] === 'Secret' && rest['apiVersion'] === 'v1';
  if (!isSecret || !isMap(stringData) || !Object.values(stringData).every((value) => typeof value === 'string'))
    return document;
  const encoded = Object.entries(stringData).map(
    ([key, value]) => [key, Buffer.from(value as string).toString('base64')] as const,
  );
  return { ...rest, data: { ...(isMap(rest['data']) ? rest['data'] : {}), ...Object.fromEntries(encoded) } };
}

function namespaceOf(document: KubeObject, { scopeOf, targetNamespace, stack }: ObjectRules): string | undefined {
  const scope = scopeOf(groupKindOf(document)) ?? scopeInFile(document);
  const { namespace } = document.metadata;
  if (scope === 'Cluster') return undefined;
  if (scope === undefined) return namespace;
  return targetNamespace ?? namespace ?? stack.namespace;
}

/** Kinds that are cluster-scoped whatever the server serves. */
const clusterScoped = new Set(['Namespace', 'CustomResourceDefinition.apiextensions.k8s.io']);
const scopeInFile = (document: KubeObject): 'Cluster' | undefined =>
  clusterScoped.has(kindName(groupKindOf(document))) ? 'Cluster' : undefined;
