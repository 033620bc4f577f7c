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
  try {
    config.loadFromFile(file);
  } catch (error) {
    const found = (error as NodeJS.ErrnoException).code ?? (error instanceof Error ? error.message : String(error));
    const remedy = 'give the path of a kubeconfig with --kubeconfig';
    throw failure('ApiUnavailable', { where: file, what: 'not a kubeconfig', found, remedy }, { cause: error });
  }
  if (context !== undefined) config.setCurrentContext(context);
  const cluster = config.getCurrentCluster();
  if (cluster === null) {
    throw failure('ApiUnavailable', {
      where: file,
      what: `context ${config.currentContext} names no cluster`,
      remedy: 'give --context',
    });
  }
  const options: { ca?: Pem; cert?: Pem; key?: Pem; servername?: string } = {};
  await config.applyToHTTPSOptions(options as Parameters<typeof config.applyToHTTPSOptions>[0]);
  return {
    server: cluster.server,
    insecure: cluster.skipTLSVerify,
    ca: pem(options.ca),
    cert: pem(options.cert),
    key: pem(options.key),
    servername: options.servername,
    namespace: config.getContextObject(config.currentContext)?.namespace,
    token: tokenOf(config),
  };
}

type Pem = string | Buffer | readonly (string | Buffer)[];

const pem = (value: Pem | undefined): string | undefined => (value === undefined ? undefined : String(value));

interface Login {
  getCurrentUser(): { readonly token?: string; readonly exec?: unknown; readonly authProvider?: unknown } | null;
  applyToHTTPSOptions(options: object): Promise<void>;
}

/** A token in the file stays as it is; exec and OIDC plugins renew theirs behind this call. */
function tokenOf(config: Login): ClusterConfig['token'] {
  const user = config.getCurrentUser();
  if (user?.token !== undefined) {
    const { token } = user;
    return () => token;
  }
  return user?.exec === undefined && user?.authProvider === undefined ? undefined : () => bearer(config);
}

async function bearer(config: Login): Promise<string | undefined> {
  const options: { headers?: Record<string, string> } = {};
  await config.applyToHTTPSOptions(options);
  return options.headers?.['Authorization']?.replace(/^Bearer /, '');
}
