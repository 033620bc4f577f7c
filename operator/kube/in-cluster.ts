/** The API server as a pod sees it: its address from the environment, its account from the files that the kubelet keeps. */
import { readFile } from 'node:fs/promises';
import { failure, systemClock, type Clock } from '#runtime';
import type { ClusterConfig } from './config.ts';

export interface PodOptions {
  /** `host:port`, as in KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT; the name in the cluster's DNS when absent. */
  readonly service?: string | undefined;
  readonly accountFolder?: string;
  readonly clock?: Clock;
}

const mounted = '/var/run/secrets/kubernetes.io/serviceaccount';
const nameInDns = 'kubernetes.default.svc';
/** As in client-go: the kubelet renews the token long before it expires. */
const tokenKeptMs = 60_000;

/** `host:port` of the API server, as the kubelet tells it to the processes of a pod. */
export function podService(environment: Readonly<Record<string, string | undefined>>): string | undefined {
  const { KUBERNETES_SERVICE_HOST: host, KUBERNETES_SERVICE_PORT: port = '443' } = environment;
  if (!host) return undefined;
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

/** @throws Failure ApiUnavailable when no account is mounted. */
export async function inCluster({
  service = nameInDns,
  accountFolder = mounted,
  clock = systemClock,
}: PodOptions): Promise<ClusterConfig> {
  const read = (name: string): Promise<string> => readFile(`${accountFolder}/${name}`, 'utf8');
  try {
    const [ca, namespace] = await Promise.all([read('ca.crt'), read('namespace')]);
    return { server: `https://${service}`, ca, namespace, token: kept(() => read('token'), clock) };
  } catch (error) {
    const remedy = 'give --kubeconfig, or run inside a cluster with a mounted ServiceAccount';
    throw failure(
      'ApiUnavailable',
      { what: 'no kubeconfig and no service account were found', remedy },
      { cause: error },
    );
  }
}

function kept(read: () => Promise<string>, clock: Clock): () => string | Promise<string> {
  let token = '';
  let readMs = -Infinity;
  return () => {
    if (clock.now() - readMs < tokenKeptMs) return token;
    return read().then((text) => {
      readMs = clock.now();
      return (token = text.trim());
    });
  };
}
