/** Logs in by exec plugins and OIDC, which client-node knows; loaded only for a user who has one. */
import { KubeConfig } from '@kubernetes/client-node';
import type { ClusterConfig } from './config.ts';

type Fields = Readonly<Record<string, unknown>>;

interface Options {
  headers?: Record<string, string>;
  cert?: string | Buffer;
  key?: string | Buffer;
}

/** Plugins renew their tokens behind the call; one that gives a certificate gives it once. */
export async function loginOfPlugin(user: Fields, cluster: Fields): Promise<Partial<ClusterConfig>> {
  const config = new KubeConfig();
  const name = 'only';
  const file = {
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': name,
    clusters: [{ name, cluster }],
    users: [{ name, user }],
    contexts: [{ name, context: { cluster: name, user: name } }],
  };
  config.loadFromString(JSON.stringify(file));
  const ask = async (): Promise<Options> => {
    const options: Options = {};
    await config.applyToHTTPSOptions(options as Parameters<typeof config.applyToHTTPSOptions>[0]);
    return options;
  };
  const { cert, key } = await ask();
  return {
    token: async () => (await ask()).headers?.['Authorization']?.replace(/^Bearer /, ''),
    ...(cert === undefined ? {} : { cert: String(cert) }),
    ...(key === undefined ? {} : { key: String(key) }),
  };
}
