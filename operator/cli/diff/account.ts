/** As whom a stack's objects are tried: the account that the operator will use, where the user may act as it. */
import type { Stack } from '#api';
import type { Account } from '#apply';
import { readConfig } from '#config';
import { ApiError, apiFailure, getObject } from '#kube';
import { isAllowed } from '../access.ts';
import type { Cluster } from '../cluster.ts';
import { resourceOf } from '../installation.ts';

export interface Identity {
  readonly as: Account | undefined;
  /** Why the objects are tried as the user instead. */
  readonly note?: string;
}

/** @throws Failure when the API server can not be asked */
export async function identityOf(cluster: Cluster, { metadata, spec }: Stack): Promise<Identity> {
  const { namespace = '' } = metadata;
  const name = spec.serviceAccountName ?? readConfig([], {}).defaultServiceAccount;
  const who = `ServiceAccount ${namespace}/${name}`;
  const access = { verb: 'impersonate', group: '', resource: 'serviceaccounts', namespace, name };
  if (!(await isAllowed(cluster, access))) {
    return { as: undefined, note: `tried as you: you may not impersonate ${who}, whose rights may be others` };
  }
  if (await exists(cluster, namespace, name)) return { as: { namespace, name } };
  return { as: undefined, note: `tried as you: ${who} does not exist yet` };
}

/** Who may not look is not told that it is missing. */
async function exists(cluster: Cluster, namespace: string, name: string): Promise<boolean> {
  const kind = { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name, namespace } };
  const resource = await resourceOf(cluster, kind);
  if (resource === undefined) return false;
  try {
    return (await getObject({ transport: cluster.transport, resource, name, namespace })) !== undefined;
  } catch (error) {
    if (error instanceof ApiError && error.status === 403) return true;
    throw apiFailure(error, { verb: 'get', key: `ServiceAccount/${namespace}/${name}` });
  }
}
