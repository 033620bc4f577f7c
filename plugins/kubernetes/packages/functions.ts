/** The functions that the SDK's first generation of packages (`yaml.ConfigFile`, `helm.v3.Chart`...) asks for objects. */
import type { ValueMap } from '../property.ts';
import type { Session } from '../session.ts';
import { readDocuments, type Manifest } from './manifests.ts';
import { place } from './namespaces.ts';
import { wanting } from './yaml-components.ts';

/** `kubernetes:yaml:decode`: { text, defaultNamespace? } */
export async function decodeYaml(session: Session, args: ValueMap): Promise<readonly ValueMap[]> {
  const { text, defaultNamespace } = args;
  if (typeof text !== 'string') throw wanting('kubernetes:yaml:decode', 'text', 'YAML');
  return decoded(session, readDocuments(text, 'the YAML of the program'), defaultNamespace);
}

/** Objects that name no namespace get the one given; without one the resource itself finds the provider's. */
export async function decoded(
  { settings, cluster }: Session,
  documents: readonly ValueMap[],
  namespace: ValueMap[string] | undefined,
): Promise<readonly ValueMap[]> {
  if (typeof namespace !== 'string' || namespace === '') return documents;
  const asking = settings.renderTo === undefined ? cluster : undefined;
  const manifests = documents.map((document) => ({ metadata: {}, ...document }) as unknown as Manifest);
  return (await place(manifests, { namespace, cluster: asking })).manifests;
}
