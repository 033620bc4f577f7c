/** Lends a run the identity of its stack: a kubeconfig with a token of the ServiceAccount that ends by itself. */
import { ApiError, apiFailure, type Account, type ClusterConfig, type Transport } from '#kube';
import { failure } from '#runtime';

/** The API server lends none for less. */
const shortestSeconds = 600;
const spareSeconds = 120;

interface Lending {
  readonly transport: Transport;
  readonly cluster: ClusterConfig;
  readonly account: Account;
  /** For so long at least. */
  readonly ms: number;
  readonly signal: AbortSignal;
}

export interface Identity {
  readonly kubeconfig: string;
  readonly token: string;
}

/** @throws Failure ServiceAccountNotFound, Forbidden, ApiUnavailable */
export async function lendIdentity({ transport, cluster, account, ms, signal }: Lending): Promise<Identity> {
  const { namespace, name } = account;
  const expirationSeconds = Math.max(shortestSeconds, Math.ceil(ms / 1000) + spareSeconds);
  const { body } = await transport
    .request<{ readonly status: { readonly token: string } }>({
      method: 'POST',
      path: `/api/v1/namespaces/${namespace}/serviceaccounts/${name}/token`,
      body: { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: { expirationSeconds } },
      // A token more that nobody has seen ends like the others.
      repeatable: true,
      signal,
    })
    .catch((error: unknown) => {
      throw refused(error, account);
    });
  const { token } = body.status;
  return { token, kubeconfig: kubeconfigOf(cluster, account, token) };
}

function refused(error: unknown, { namespace, name }: Account): unknown {
  const key = `ServiceAccount/${namespace}/${name}`;
  if (error instanceof ApiError && error.status === 404) {
    const remedy = 'create it, or correct spec.serviceAccountName';
    return failure('ServiceAccountNotFound', { what: `${key} does not exist`, remedy }, { cause: error });
  }
  if (error instanceof ApiError && error.status === 403) {
    return failure(
      'Forbidden',
      {
        what: `the operator may not create a token of ${key}`,
        remedy: `bind ClusterRole plumbline-stacks to the operator in namespace ${namespace}`,
      },
      { cause: error },
    );
  }
  return apiFailure(error, { verb: 'create', key });
}

function kubeconfigOf(cluster: ClusterConfig, { namespace }: Account, token: string): string {
  const name = 'stack';
  const { server, ca, insecure, servername } = cluster;
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [
      {
        name,
        cluster: {
          server,
          ...(ca === undefined ? {} : { 'certificate-authority-data': Buffer.from(ca).toString('base64') }),
          ...(insecure === true ? { 'insecure-skip-tls-verify': true } : {}),
          ...(servername === undefined ? {} : { 'tls-server-name': servername }),
        },
      },
    ],
    users: [{ name, user: { token } }],
    contexts: [{ name, context: { cluster: name, user: name, namespace } }],
    'current-context': name,
  });
}
