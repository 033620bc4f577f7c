/** What must be there before what: definitions before objects of their kind, namespaces before what stands in them. */
import { failure } from '#runtime';
import { annotationOf, definedBy, groupOf, nameOf, namespaceOf, type Manifest } from './manifests.ts';

const dependsOn = 'config.kubernetes.io/depends-on';

/** Of each manifest, the places in the list of those that it needs. @throws Failure DependencyCycle, DependencyNotFound */
export function needsOf(manifests: readonly Manifest[]): readonly (readonly number[])[] {
  const namespaces = placesBy(manifests, (each) => (isNamespace(each) ? nameOf(each) : undefined));
  const definitions = placesBy(manifests, (each) => definedBy(each)?.kind);
  const names = placesBy(manifests, reference);
  const needs = manifests.map((manifest, place) => {
    const found = new Set([
      ...(namespaces.get(namespaceOf(manifest) ?? '') ?? []),
      ...(definitions.get(`${manifest.kind}.${groupOf(manifest)}`) ?? []),
      ...named(manifest).flatMap((name) => names.get(name) ?? missing(manifest, name)),
    ]);
    found.delete(place);
    return [...found];
  });
  assertNoCycle(manifests, needs);
  return needs;
}

function placesBy(
  manifests: readonly Manifest[],
  keyOf: (manifest: Manifest) => string | undefined,
): ReadonlyMap<string, readonly number[]> {
  const places = new Map<string, number[]>();
  for (const [place, manifest] of manifests.entries()) {
    const key = keyOf(manifest);
    if (key !== undefined) places.set(key, [...(places.get(key) ?? []), place]);
  }
  return places;
}

const isNamespace = ({ apiVersion, kind }: Manifest): boolean => apiVersion === 'v1' && kind === 'Namespace';

/** As the annotation writes it: `apps/namespaces/shop/Deployment/web`, `/Namespace/shop`. */
function reference(manifest: Manifest): string {
  const namespace = namespaceOf(manifest);
  const scope = namespace === undefined ? '' : `namespaces/${namespace}/`;
  return `${groupOf(manifest)}/${scope}${manifest.kind}/${nameOf(manifest)}`;
}

function named(manifest: Manifest): string[] {
  const written = annotationOf(manifest, dependsOn);
  if (typeof written !== 'string') return [];
  return written
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');
}

function missing(manifest: Manifest, name: string): never {
  throw failure('DependencyNotFound', {
    where: reference(manifest),
    what: `the annotation ${dependsOn} names ${name}, which is not among these objects`,
    remedy: 'write group/namespaces/namespace/Kind/name or group/Kind/name, and use dependsOn for other resources',
  });
}

function assertNoCycle(manifests: readonly Manifest[], needs: readonly (readonly number[])[]): void {
  const done = new Set<number>();
  const visit = (place: number, path: readonly number[]): void => {
    if (done.has(place)) return;
    if (path.includes(place)) {
      const circle = [...path.slice(path.indexOf(place)), place].map((each) => reference(manifests[each] as Manifest));
      throw failure('DependencyCycle', {
        what: `objects wait for each other: ${circle.join(' -> ')}`,
        remedy: `take one out of its annotation ${dependsOn}`,
      });
    }
    for (const need of needs[place] ?? []) visit(need, [...path, place]);
    done.add(place);
  };
  for (const place of manifests.keys()) visit(place, []);
}
