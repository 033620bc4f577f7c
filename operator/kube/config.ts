/** Where the API server is and who we are: from a kubeconfig, or from the pod's service account. */
import { readFile } from 'node:fs/promises';
import { failure } from '#runtime';

export interface ClusterConfig {
  /** `https://host:port` */
  readonly server: string;
  readonly ca?: string | undefined;
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
  readonly token?: (() => string | undefined | Promise<string | undefined>) | undefined;
  readonly insecure?: boolean;
  /** The name that the server's certificate must carry, where it is not that of the address. */
  readonly servername?: string | undefined;
  readonly namespace?: string | undefined;
}

export interface ConfigChoice {
  readonly kubeconfig?: string | undefined;
  readonly context?: string | undefined;
}

const accountFolder = '/var/run/secrets/kubernetes.io/serviceaccount';
const inClusterServer = 'https://kubernetes.default.svc';

/** @throws Failure ApiUnavailable when neither a kubeconfig nor a service account is there. */
export async function loadClusterConfig({ kubeconfig, context }: ConfigChoice = {}): Promise<ClusterConfig> {
  if (kubeconfig === undefined) return inCluster();
  // It brings client-node along, which an operator inside the cluster does not need.
  const { fromKubeconfig } = await import('./kubeconfig.ts');
  return fromKubeconfig(kubeconfig, context);
}

async function inCluster(): Promise<ClusterConfig> {
  const read = (name: string): Promise<string> => readFile(`${accountFolder}/${name}`, 'utf8');
  try {
    const [ca, namespace] = await Promise.all([read('ca.crt'), read('namespace')]);
    // The kubelet renews the token in place, so it is read again for every request; the page cache makes that cheap.
    return { server: inClusterServer, ca, namespace, token: async () => (await read('token')).trim() };
  } catch (error) {
    const remedy = 'give --kubeconfig, or run inside a cluster with a mounted ServiceAccount';
    throw failure(
      'ApiUnavailable',
      { what: 'no kubeconfig and no service account were found', remedy },
      { cause: error },
    );
  }
}
