/** People who may approve, or may not: the installed policies and roles, and users that kubectl acts as. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { load, loadAll, dump } from 'js-yaml';
import type { PlanObject } from '#api';
import type { KubeObject } from '#kube';
import { kubeconfig, until } from './cluster.ts';
import { kubectl } from './kubectl.ts';
import type { Platform } from './platform.ts';

const rbac = join(import.meta.dirname, '..', '..', 'charts', 'dist', 'plumbline', 'rbac.yaml');
const apiVersion = 'plumbline.dev/v1alpha1';

/** What `plumbline install` says about approvals: policies, and the roles of people. */
export async function installApprovals(platform: Platform): Promise<void> {
  const objects = loadAll(await readFile(rbac, 'utf8')) as KubeObject[];
  const wanted = objects.filter(
    ({ kind, metadata }) =>
      kind.startsWith('ValidatingAdmissionPolicy') || ['plumbline-approver', 'plumbline-edit'].includes(metadata.name),
  );
  for (const object of wanted) await platform.cluster.apply(JSON.stringify(object));
}

/** Binds users to a ClusterRole in the namespace. */
export async function bind(platform: Platform, role: string, ...users: readonly string[]): Promise<void> {
  const { namespace, cluster } = platform;
  const group = 'rbac.authorization.k8s.io';
  const subjects = users.map((name) => ({ kind: 'User', apiGroup: group, name }));
  const roleRef = { apiGroup: group, kind: 'ClusterRole', name: role };
  const metadata = { name: role, namespace };
  await cluster.apply(JSON.stringify({ apiVersion: `${group}/v1`, kind: 'RoleBinding', metadata, roleRef, subjects }));
}

/** What kubectl printed for the user. @throws what it said instead */
export const kubectlAs = (platform: Platform, user: string, args: readonly string[], input = ''): Promise<string> =>
  kubectl(['--as', user, '-n', platform.namespace, ...args], input, platform.kubeconfig);

export async function plansOf(platform: Platform, stack = 'app'): Promise<PlanObject[]> {
  const { body } = await platform.cluster.transport.request<{ items: PlanObject[] }>({
    method: 'GET',
    path: `/apis/${apiVersion}/namespaces/${platform.namespace}/plans`,
    query: { labelSelector: `plumbline.dev/plan-of=${stack}` },
  });
  return body.items;
}

/** The one plan in the phase, once there is one. */
export function planIn(platform: Platform, phase: string, stack = 'app'): Promise<PlanObject> {
  return until(`a plan of ${stack} is ${phase}`, async () =>
    (await plansOf(platform, stack)).find(({ status }) => status?.phase === phase),
  );
}

export interface Word {
  readonly plan: PlanObject;
  /** Who creates it. */
  readonly as: string;
  /** Whom it names; `as` when absent. */
  readonly user?: string;
  readonly verdict?: 'approve' | 'reject';
  readonly digest?: string;
}

let words = 0;

/** Creates an Approval with kubectl. @throws what the API server says when it refuses */
export function say(platform: Platform, { plan, as, user = as, verdict = 'approve', digest }: Word): Promise<string> {
  const spec = { plan: plan.metadata.name, digest: digest ?? plan.spec.digest, user, verdict };
  const metadata = { name: `word-${(words += 1)}` };
  return kubectlAs(
    platform,
    as,
    ['create', '-f', '-'],
    JSON.stringify({ apiVersion, kind: 'Approval', metadata, spec }),
  );
}

/** A kubeconfig of a ServiceAccount of the namespace. */
export async function kubeconfigOf(platform: Platform, account: string): Promise<string> {
  const { namespace } = platform;
  await platform.cluster.apply(
    `{apiVersion: v1, kind: ServiceAccount, metadata: {name: ${account}, namespace: ${namespace}}}`,
  );
  const token = (await kubectl(['-n', namespace, 'create', 'token', account])).trim();
  const config = load(await readFile(kubeconfig, 'utf8')) as { users: { name: string; user: object }[] };
  return dump({ ...config, users: config.users.map(({ name }) => ({ name, user: { token } })) });
}
