/** Where the API server is and who we are: from a kubeconfig, or from the pod's service account. */
import { inCluster, type PodOptions } from './in-cluster.ts';

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

export interface ConfigChoice extends PodOptions {
  readonly kubeconfig?: string | undefined;
  readonly context?: string | undefined;
}

/** @throws Failure ApiUnavailable when neither a kubeconfig nor a service account is there. */
export async function loadClusterConfig({ kubeconfig, context, ...pod }: ConfigChoice = {}): Promise<ClusterConfig> {
  if (kubeconfig === undefined) return inCluster(pod);
  // It brings client-node along, which an operator inside the cluster does not need.
  const { fromKubeconfig } = await import('./kubeconfig.ts');
  return fromKubeconfig(kubeconfig, context);
}
