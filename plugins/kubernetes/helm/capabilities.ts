/** What a cluster can do, as charts ask for it: `.Capabilities.KubeVersion` and `.Capabilities.APIVersions`. */
import { isUnreachable } from '../cluster.ts';
import type { Session } from '../session.ts';

/** Arguments of `helm template`; none when the cluster cannot be asked. @throws ApiError */
export async function capabilityArguments({ cluster, signal }: Session): Promise<string[]> {
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
    return [];
  }
}
