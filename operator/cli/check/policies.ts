/** Whether the admission policies that prove who approves are there, and are those of this version. */
import { objectKey, type KubeObject } from '#kube';
import type { Cluster } from '../cluster.ts';
import { readInstallation } from '../installation.ts';
import { mapBounded } from '#runtime';
import type { Check } from './cluster.ts';
import { contains, install, read } from './installation.ts';

const atOnce = 8;
const kinds = ['ValidatingAdmissionPolicy', 'ValidatingAdmissionPolicyBinding'];

/** One line when all is well, else one for each that is not. */
export async function policyChecks(cluster: Cluster): Promise<Check[]> {
  const wanted = (await readInstallation(['rbac'])).filter(({ kind }) => kinds.includes(kind));
  const checks = await mapBounded(wanted, atOnce, (object) => policyCheck(cluster, object));
  const ill = checks.filter(({ ok }) => !ok);
  return ill.length > 0 ? ill : [{ ok: true, what: 'the admission policies that prove who approves are in force' }];
}

async function policyCheck(cluster: Cluster, wanted: KubeObject): Promise<Check> {
  const what = objectKey(wanted);
  const live = await read<KubeObject>(cluster, wanted);
  const remedy = `no approval counts without it: ${install('rbac')}`;
  if (live === undefined) return { ok: false, what: `${what} is missing`, remedy };
  if (!contains(live['spec'], wanted['spec'])) return { ok: false, what: `${what} is not as installed`, remedy };
  return { ok: true, what };
}
