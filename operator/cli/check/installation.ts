/** Whether what `plumbline install` applies is there, is of this version, and works. */
import { kinds, toCrd } from '#api';
import { apiFailure, getObject, objectKey, type KubeObject } from '#kube';
import { leaseName } from '#loop';
import type { Access } from '../access.ts';
import type { Cluster } from '../cluster.ts';
import { operatorDeployment, readInstallation, resourceOf } from '../installation.ts';
import { rights, type Check } from './cluster.ts';

export const install = (component: string): string => `run \`plumbline install --components ${component}\``;

export async function read<T>(cluster: Cluster, object: KubeObject): Promise<T | undefined> {
  const resource = await resourceOf(cluster, object);
  const { name, namespace } = object.metadata;
  if (resource === undefined) return undefined;
  return getObject<T>({ transport: cluster.transport, resource, name, namespace }).catch((error: unknown) => {
    throw apiFailure(error, { verb: 'get', key: objectKey(object) });
  });
}

/** One line a kind of ours. */
export function definitionChecks(cluster: Cluster): Promise<Check[]> {
  return Promise.all(
    kinds.map(async (kind): Promise<Check> => {
      const wanted = toCrd(kind) as unknown as KubeObject;
      const live = await read<KubeObject>(cluster, wanted);
      const what = `kind ${kind.kind} of ${kind.apiVersion}`;
      if (live === undefined) return { ok: false, what: `${what} is missing`, remedy: install('crds') };
      if (!contains(live['spec'], wanted['spec']))
        return { ok: false, what: `${what} is of another version of Plumbline`, remedy: install('crds') };
      const served = await resourceOf(cluster, { ...wanted, apiVersion: kind.apiVersion, kind: kind.kind });
      if (served === undefined)
        return { ok: false, what: `${what} is not served yet`, remedy: 'look at the conditions of its definition' };
      return { ok: true, what: `${what} is served, and equal to this version's` };
    }),
  );
}

/** Whether all of `wanted` is in `live`, which may have more: the API server fills defaults in. */
export function contains(live: unknown, wanted: unknown): boolean {
  if (Array.isArray(wanted)) {
    if (!Array.isArray(live)) return wanted.length === 0 && live === undefined;
    return live.length === wanted.length && wanted.every((item, index) => contains(live[index], item));
  }
  if (typeof wanted !== 'object' || wanted === null) return live === wanted;
  if (typeof live !== 'object' || live === null) return false;
  const fields = live as Readonly<Record<string, unknown>>;
  return Object.entries(wanted).every(([key, value]) => contains(fields[key], value));
}

interface Rule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly verbs: readonly string[];
}

/** Whether the operator's account may do what its roles of this version say, wherever it has the rights from. */
export async function operatorRights(cluster: Cluster): Promise<Check> {
  const { namespace, account } = await operatorDeployment();
  const roles = (await readInstallation(['rbac'])).filter(
    ({ kind, metadata }) => ['ClusterRole', 'Role'].includes(kind) && metadata.name === account,
  );
  const wanted = roles.flatMap(({ metadata, ...role }) =>
    (role['rules'] as readonly Rule[]).flatMap((rule) => accessesOf(rule, metadata.namespace)),
  );
  const user = `system:serviceaccount:${namespace}:${account}`;
  return rights(cluster, `the account ${namespace}/${account} may do what the operator does`, wanted, user);
}

const accessesOf = ({ apiGroups, resources, verbs }: Rule, namespace: string | undefined): Access[] =>
  apiGroups.flatMap((group) =>
    resources.flatMap((path) => {
      const [resource = '', subresource] = path.split('/');
      const place = { group, resource, ...(namespace && { namespace }), ...(subresource && { subresource }) };
      return verbs.map((verb) => ({ ...place, verb }));
    }),
  );

interface Deployment extends KubeObject {
  readonly status?: { readonly readyReplicas?: number };
}

const versionLabel = 'app.kubernetes.io/version';

export async function deploymentCheck(cluster: Cluster): Promise<Check> {
  const [wanted] = await readInstallation(['deployment']);
  const { namespace, name } = await operatorDeployment();
  const what = `Deployment ${namespace}/${name}`;
  const live = wanted && (await read<Deployment>(cluster, wanted));
  if (live === undefined) return { ok: false, what: `${what} is missing`, remedy: install('deployment') };
  const [found, version] = [live.metadata.labels?.[versionLabel], wanted?.metadata.labels?.[versionLabel]];
  if (found !== version) {
    const remedy = 'run `plumbline install`, or use the command of that version';
    return { ok: false, what: `${what} is of version ${found ?? 'unknown'}, this is ${version}`, remedy };
  }
  const ready = live.status?.readyReplicas ?? 0;
  if (ready > 0) return { ok: true, what: `${what} is ready` };
  return { ok: false, what: `${what} has no ready pod`, remedy: `read \`kubectl describe pods -n ${namespace}\`` };
}

interface Lease extends KubeObject {
  readonly spec?: {
    readonly holderIdentity?: string;
    readonly renewTime?: string;
    readonly leaseDurationSeconds?: number;
  };
}

export async function operatorLease(cluster: Cluster): Promise<Lease | undefined> {
  const { namespace } = await operatorDeployment();
  const metadata = { name: leaseName, namespace };
  return read<Lease>(cluster, { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata });
}

/** `now` is the time of the API server; the holder's clock may be a little off, hence twice the duration. */
export async function leaseCheck(cluster: Cluster, now: number): Promise<Check> {
  const { namespace } = await operatorDeployment();
  const what = `Lease ${namespace}/${leaseName}`;
  const lease = await operatorLease(cluster);
  const { holderIdentity = '', renewTime = '', leaseDurationSeconds = 0 } = lease?.spec ?? {};
  if (holderIdentity === '')
    return { ok: false, what: `${what} has no holder`, remedy: 'see whether the operator runs' };
  const age = Math.round((now - Date.parse(renewTime)) / 1000);
  if (age > 2 * leaseDurationSeconds) {
    const remedy = 'read `plumbline logs`';
    return { ok: false, what: `${what} of ${holderIdentity} was not renewed for ${age} s`, remedy };
  }
  return { ok: true, what: `${what} is held by ${holderIdentity}` };
}
