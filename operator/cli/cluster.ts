/** How verbs reach the cluster: --kubeconfig, --context, KUBECONFIG, ~/.kube/config, or the pod's own account. */
import { Option, type Command } from 'commander';
import { Discovery, homeKubeconfig, loadClusterConfig, Transport, type ClusterConfig } from '#kube';

export interface ClusterOptions {
  readonly kubeconfig?: string;
  readonly context?: string;
}

export interface Cluster {
  readonly config: ClusterConfig;
  readonly transport: Transport;
  readonly discovery: Discovery;
}

/** Adds `--kubeconfig` and `--context`. */
export function addClusterOptions(command: Command): Command {
  return command
    .addOption(new Option('--kubeconfig <file>', 'kubeconfig file').env('KUBECONFIG'))
    .option('--context <name>', 'context of the kubeconfig');
}

/** Connects, hands over, and closes the connections whatever happens. */
export async function withCluster<T>(
  { kubeconfig, context }: ClusterOptions,
  use: (cluster: Cluster) => Promise<T>,
): Promise<T> {
  const config = await loadClusterConfig({ kubeconfig: kubeconfig ?? homeKubeconfig(), context });
  const transport = new Transport(config);
  try {
    return await use({ config, transport, discovery: new Discovery(transport) });
  } finally {
    await transport.close();
  }
}
