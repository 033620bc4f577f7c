/** Text becomes manifests: read as kubectl reads it, lists flattened, what is empty left out, the rest checked. */
import { itemsOf, readYaml } from '#render';
import { failure } from '#runtime';
import { isMap, isSecret, reveal, secret, type Value, type ValueMap } from '../property.ts';

export interface Manifest extends ValueMap {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: ValueMap;
}

/** The documents of a text that say what they are; a chart leaves empty ones behind. @throws Failure YamlInvalid, ObjectInvalid */
export function readDocuments(text: string, where: string): ValueMap[] {
  return readYaml(text, where).flatMap(({ value, line }) => {
    const document = (value ?? {}) as Value;
    const place = `${where}:${line}`;
    if (!isMap(document)) throw notAnObject(place, 'the document is not a mapping');
    if (Object.keys(document).length === 0) return [];
    const missing = ['apiVersion', 'kind'].find((field) => typeof document[field] !== 'string');
    if (missing !== undefined) throw notAnObject(place, `${missing} is missing or not text`);
    return [document];
  });
}

/** The objects of a text. @throws Failure YamlInvalid, ObjectInvalid */
export const readManifests = (text: string, where: string): Manifest[] =>
  readDocuments(text, where).flatMap((document) => manifestsOf(document, where));

/** The objects that one is made of. Secrets within stay secret. @throws Failure ObjectInvalid */
export function manifestsOf(document: Value, where: string): Manifest[] {
  if (isSecret(document)) return manifestsOf(document.value, where).map(hidden);
  if (!isMap(document)) throw notAnObject(where, 'the object is not a mapping');
  const items = itemsOf(document);
  if (items !== undefined) return items.flatMap((item) => manifestsOf(item as Value, where));
  const { apiVersion, kind } = document;
  const metadata = reveal(document['metadata'] ?? null);
  if (typeof kind !== 'string' || kind === '') throw notAnObject(where, 'kind is missing or not text');
  if (typeof apiVersion !== 'string' || apiVersion === '') throw notAnObject(where, `${kind} has no apiVersion`);
  if (!isMap(metadata) || typeof metadata['name'] !== 'string' || metadata['name'] === '')
    throw notAnObject(where, `${kind} has no metadata.name, or one that is not text`);
  return [{ ...document, apiVersion: apiVersion.replace(/^core\//, ''), kind, metadata }];
}

/** All secret but for what says which object it is. */
function hidden(manifest: Manifest): Manifest {
  const { apiVersion, kind, metadata, ...rest } = manifest;
  const values = Object.entries(rest).map(([key, value]) => [key, isSecret(value) ? value : secret(value)] as const);
  return { apiVersion, kind, metadata, ...Object.fromEntries(values) };
}

const notAnObject = (where: string, what: string): Error =>
  failure('ObjectInvalid', {
    where,
    what,
    expected: 'apiVersion, kind and metadata.name',
    remedy: 'correct the object',
  });

const text = (value: Value | undefined): string => (typeof value === 'string' ? value : '');

export const nameOf = ({ metadata }: Manifest): string => text(metadata['name']);

export const namespaceOf = ({ metadata }: Manifest): string | undefined =>
  typeof metadata['namespace'] === 'string' && metadata['namespace'] !== '' ? metadata['namespace'] : undefined;

export const groupOf = ({ apiVersion }: Pick<Manifest, 'apiVersion'>): string =>
  apiVersion.includes('/') ? apiVersion.slice(0, apiVersion.indexOf('/')) : '';

export const annotationOf = ({ metadata }: Manifest, name: string): Value | undefined =>
  isMap(metadata['annotations']) ? metadata['annotations'][name] : undefined;

export const withMetadata = (manifest: Manifest, added: ValueMap): Manifest => ({
  ...manifest,
  metadata: { ...manifest.metadata, ...added },
});

/** What a CustomResourceDefinition defines; undefined of other objects. */
export function definedBy(manifest: Manifest): { readonly kind: string; readonly namespaced: boolean } | undefined {
  const spec = manifest['spec'] ?? null;
  if (manifest.kind !== 'CustomResourceDefinition' || !isMap(spec) || !isMap(spec['names'])) return undefined;
  return { kind: `${text(spec['names']['kind'])}.${text(spec['group'])}`, namespaced: spec['scope'] !== 'Cluster' };
}
