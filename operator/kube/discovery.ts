/** Which kinds the API server serves, by aggregated discovery: two requests, asked again only when told to. */
import { discoverByGroup } from './discovery-by-group.ts';
import { kindName, type GroupKind } from './object.ts';
import type { Transport } from './transport.ts';

export interface Resource extends GroupKind {
  readonly version: string;
  readonly plural: string;
  readonly namespaced: boolean;
  readonly verbs: readonly string[];
  readonly shortNames: readonly string[];
}

interface DiscoveryList {
  readonly kind: string;
  readonly items: readonly {
    readonly metadata: { readonly name?: string };
    readonly versions: readonly {
      readonly version: string;
      readonly resources?: readonly {
        readonly resource: string;
        readonly responseKind?: { readonly kind: string };
        readonly scope: 'Namespaced' | 'Cluster';
        readonly verbs: readonly string[];
        readonly shortNames?: readonly string[];
      }[];
    }[];
  }[];
}

/** Versions of a kind, the preferred one first. */
type Table = ReadonlyMap<string, readonly Resource[]>;

const accept = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json';

export class Discovery {
  readonly #transport: Transport;
  #table: Promise<Table> | undefined;

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  /** The kind in the given version, or in the preferred one; undefined when it is not served. */
  async resource(kind: GroupKind, version?: string): Promise<Resource | undefined> {
    const versions = (await this.#load()).get(kindName(kind));
    return version === undefined ? versions?.[0] : versions?.find((resource) => resource.version === version);
  }

  /** A synchronous look at the kinds as they are now. */
  async scopes(): Promise<(kind: GroupKind) => 'Namespaced' | 'Cluster' | undefined> {
    const table = await this.#load();
    return (kind) => {
      const resource = table.get(kindName(kind))?.[0];
      return resource && (resource.namespaced ? 'Namespaced' : 'Cluster');
    };
  }

  async all(): Promise<Resource[]> {
    return [...(await this.#load()).values()].flatMap((versions) => versions.slice(0, 1));
  }

  /** The same in all their versions. */
  async served(): Promise<Resource[]> {
    return [...(await this.#load()).values()].flat();
  }

  /** Forgets what is known: the next question asks the API server again. */
  invalidate(): void {
    this.#table = undefined;
  }

  #load(): Promise<Table> {
    const table = (this.#table ??= this.#fetch());
    table.catch(() => {
      if (this.#table === table) this.#table = undefined;
    });
    return table;
  }

  async #fetch(): Promise<Table> {
    const lists = await Promise.all(
      ['/api', '/apis'].map((path) => this.#transport.request<DiscoveryList>({ method: 'GET', path, accept })),
    );
    const aggregated = lists.every(({ body }) => body.kind === 'APIGroupDiscoveryList');
    const entries = aggregated
      ? lists.flatMap(({ body }) => body.items.flatMap(resourcesOf))
      : await discoverByGroup(this.#transport);
    const table = new Map<string, Resource[]>();
    for (const entry of entries) {
      const known = table.get(kindName(entry));
      if (known === undefined) table.set(kindName(entry), [entry]);
      else known.push(entry);
    }
    return table;
  }
}

/** The resources of a group, of its preferred version first. */
function resourcesOf({ metadata, versions }: DiscoveryList['items'][number]): Resource[] {
  return versions.flatMap(({ version, resources = [] }) =>
    resources.map(({ resource, responseKind, scope, verbs, shortNames = [] }) => ({
      group: metadata.name ?? '',
      kind: responseKind?.kind ?? '',
      version,
      plural: resource,
      namespaced: scope === 'Namespaced',
      verbs,
      shortNames,
    })),
  );
}

export interface PathParts {
  readonly namespace?: string | undefined;
  readonly name?: string | undefined;
  readonly subresource?: string | undefined;
}

/** `/apis/apps/v1/namespaces/shop/deployments/web/status` */
export function resourcePath(
  { group, version, plural, namespaced }: Resource,
  { namespace, name, subresource }: PathParts,
): string {
  const base = group === '' ? `/api/${version}` : `/apis/${group}/${version}`;
  const scope = namespaced && namespace !== undefined ? `/namespaces/${encodeURIComponent(namespace)}` : '';
  const tail = [name, subresource].filter((part) => part !== undefined).map((part) => `/${encodeURIComponent(part)}`);
  return `${base}${scope}/${plural}${tail.join('')}`;
}
