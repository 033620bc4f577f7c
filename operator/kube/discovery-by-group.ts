/** Which kinds an API server without aggregated discovery serves: a request a group and version. */
import { ApiError } from './api-error.ts';
import type { Resource } from './discovery.ts';
import type { Transport } from './transport.ts';

interface Groups {
  readonly groups: readonly {
    readonly name: string;
    readonly versions: readonly { readonly version: string }[];
    readonly preferredVersion?: { readonly version: string };
  }[];
}

interface ResourceList {
  readonly resources: readonly {
    readonly name: string;
    readonly kind: string;
    readonly namespaced: boolean;
    readonly verbs: readonly string[];
    readonly shortNames?: readonly string[];
  }[];
}

/** The preferred version of a group first. @throws ApiError */
export async function discoverByGroup(transport: Transport): Promise<Resource[]> {
  const [core, { groups }] = await Promise.all([
    get<{ versions: readonly string[] }>(transport, '/api'),
    get<Groups>(transport, '/apis'),
  ]);
  const places = [
    ...core.versions.map((version) => ({ group: '', version, path: `/api/${version}` })),
    ...groups.flatMap(({ name, versions, preferredVersion }) =>
      versions
        .map(({ version }) => ({ group: name, version, path: `/apis/${name}/${version}` }))
        .sort(
          (a, b) => Number(b.version === preferredVersion?.version) - Number(a.version === preferredVersion?.version),
        ),
    ),
  ];
  const found = await Promise.all(
    places.map(async ({ group, version, path }) => (await resourcesAt(transport, path)).map(named(group, version))),
  );
  return found.flat();
}

async function get<T>(transport: Transport, path: string): Promise<T> {
  return (await transport.request<T>({ method: 'GET', path })).body;
}

/** A group whose own server is away must not hide all others. */
async function resourcesAt(transport: Transport, path: string): Promise<ResourceList['resources']> {
  try {
    return (await get<ResourceList>(transport, path)).resources.filter(({ name }) => !name.includes('/'));
  } catch (error) {
    if (error instanceof ApiError && (error.status === 404 || error.status >= 500)) return [];
    throw error;
  }
}

const named =
  (group: string, version: string) =>
  ({ name, kind, namespaced, verbs, shortNames = [] }: ResourceList['resources'][number]): Resource => ({
    group,
    kind,
    version,
    plural: name,
    namespaced,
    verbs,
    shortNames,
  });
