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
  return kubeconfig === undefined ? inCluster() : fromKubeconfig(kubeconfig, context);
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

/** client-node knows kubeconfig with all its ways to log in; it is loaded only here, and only when it is needed. */
async function fromKubeconfig(file: string, context: string | undefined): Promise<ClusterConfig> {
  const { KubeConfig } = await import('@kubernetes/client-node');
  const config = new KubeConfig();
  config.loadFromFile(file);
  if (context !== undefined) config.setCurrentContext(context);
  const cluster = config.getCurrentCluster();
  if (cluster === null) {
    throw failure('ApiUnavailable', {
      where: file,
      what: `context ${config.currentContext} names no cluster`,
      remedy: 'give --context',
    });
  }
  const options: { ca?: Pem; cert?: Pem; key?: Pem; headers?: Record<string, unknown> } = {};
  await config.applyToHTTPSOptions(options as Parameters<typeof config.applyToHTTPSOptions>[0]);
  return {
    server: cluster.server,
    insecure: cluster.skipTLSVerify,
    ca: pem(options.ca),
    cert: pem(options.cert),
    key: pem(options.key),
    namespace: config.getContextObject(config.currentContext)?.namespace,
    token: config.getCurrentUser()?.certData === undefined ? () => bearer(config) : undefined,
  };
}

type Pem = string | Buffer | readonly (string | Buffer)[];

const pem = (value: Pem | undefined): string | undefined => (value === undefined ? undefined : String(value));

/** Asked for every request: exec and OIDC plugins renew their tokens behind this call. */
async function bearer(config: { applyToHTTPSOptions(options: object): Promise<void> }): Promise<string | undefined> {
  const options: { headers?: Record<string, string> } = {};
  await config.applyToHTTPSOptions(options);
  return options.headers?.['Authorization']?.replace(/^Bearer /, '');
}
