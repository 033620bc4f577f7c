/** What a cluster can do, as charts ask for it: `.Capabilities.KubeVersion` and `.Capabilities.APIVersions`. */
import { isUnreachable } from '../cluster.ts';
import type { Session } from '../session.ts';

/** Arguments of `helm template`. @throws ApiError */
export async function capabilityArguments({ settings, cluster, signal }: Session): Promise<string[]> {
  if (settings.renderTo !== undefined) return withoutCluster();
  try {
    const transport = await cluster.transport();
    const { body } = await transport.request<{ gitVersion: string }>({ method: 'GET', path: '/version', signal });
    const served = await cluster.served();
    const names = served.flatMap(({ group, version, kind }) => {
      const groupVersion = group === '' ? version : `${group}/${version}`;
      return [groupVersion, `${groupVersion}/${kind}`];
    });
    return ['--kube-version', body.gitVersion, '--api-versions', [...new Set(names)].join(',')];
  } catch (error) {
    if (!isUnreachable(error)) throw error;
    return withoutCluster();
  }
}

/** A helm that was built by hand takes every cluster for a very old one, for which many charts are not made. */
async function withoutCluster(): Promise<string[]> {
  const { tools } = await import('#toolchain');
  return ['--kube-version', tools['kube-apiserver'].version];
}
