/** Where the API server is and who we are: from a kubeconfig, or from the pod's service account. */
import { inCluster, type PodOptions } from './in-cluster.ts';
import { fromKubeconfig, type KubeconfigChoice } from './kubeconfig.ts';

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

export interface ConfigChoice extends PodOptions, Omit<KubeconfigChoice, 'kubeconfig'> {
  readonly kubeconfig?: string | undefined;
}

/** @throws Failure ApiUnavailable when neither a kubeconfig nor a service account is there. */
export async function loadClusterConfig({
  kubeconfig,
  context,
  cluster,
  ...pod
}: ConfigChoice = {}): Promise<ClusterConfig> {
  return kubeconfig === undefined ? inCluster(pod) : fromKubeconfig({ kubeconfig, context, cluster });
}
