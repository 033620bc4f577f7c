/** Reads a kubeconfig with all its ways to log in, which client-node knows; loaded only when there is one. */
import { KubeConfig } from '@kubernetes/client-node';
import { failure } from '#runtime';
import type { ClusterConfig } from './config.ts';

/** @throws Failure ApiUnavailable naming the file */
export async function fromKubeconfig(file: string, context: string | undefined): Promise<ClusterConfig> {
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
