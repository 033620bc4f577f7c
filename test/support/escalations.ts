/** What an account that is after more than it has would try, a row an attempt; and the few things that it must be able to do. */
import type { Account } from '#kube';

export const system = 'plumbline-system';
export const operator: Account = { namespace: system, name: 'plumbline' };
export const platform: Account = { namespace: system, name: 'plumbline-platform' };
export const common: Account = { namespace: system, name: 'plumbline-common' };
export const addons: Account = { namespace: system, name: 'plumbline-addons' };
export const infra: Account = { namespace: system, name: 'plumbline-infra' };
export const deployer: Account = { namespace: system, name: 'backend-deployer' };

export const bindings = (namespace: string): string =>
  `/apis/rbac.authorization.k8s.io/v1/namespaces/${namespace}/rolebindings`;
export const binding = (role: string, { namespace, name }: Account): object => ({
  metadata: { name: 'attempt' },
  roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: role },
  subjects: [{ kind: 'ServiceAccount', namespace, name }],
});
export const accounts = `/api/v1/namespaces/${system}/serviceaccounts`;
export const named = (name: string, labels: object = {}): object => ({ metadata: { name, labels } });
const enforce = 'pod-security.kubernetes.io/enforce';
export const tenant = { 'plumbline.dev/tenant': 'true', [enforce]: 'restricted' };
export const pod = (serviceAccountName: string, more: object = {}): object => ({
  metadata: { name: 'attempt' },
  spec: {
    serviceAccountName,
    securityContext: { runAsNonRoot: true, runAsUser: 1, seccompProfile: { type: 'RuntimeDefault' } },
    containers: [
      {
        name: 'shell',
        image: 'example.com/shell:1',
        securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
      },
    ],
    ...more,
  },
});

export interface Attempt {
  readonly name: string;
  readonly by: Account;
  readonly method?: 'POST' | 'PATCH' | 'DELETE';
  readonly path: string;
  readonly body?: object;
  readonly refused: RegExp;
}

const byPolicy = /ValidatingAdmissionPolicy 'plumbline-common'/;
const ofAddons = /ValidatingAdmissionPolicy 'plumbline-addons'.*writes in namespace addons only/;
const ofInfra = /ValidatingAdmissionPolicy 'plumbline-infra'.*writes in namespace infra only/;
const byRbac = /is forbidden: User "|attempting to grant RBAC permissions/;
export const attempts: readonly Attempt[] = [
  {
    name: 'common gives a deployer rights beside the operator',
    by: common,
    path: bindings(system),
    body: binding('plumbline-tenant', deployer),
    refused: byPolicy,
  },
  {
    name: 'common gives a deployer rights beside the control plane',
    by: common,
    path: bindings('kube-system'),
    body: binding('plumbline-tenant', deployer),
    refused: byPolicy,
  },
  {
    name: 'common binds cluster-admin in a tenant’s namespace',
    by: common,
    path: bindings('backend'),
    body: binding('cluster-admin', common),
    refused: byRbac,
  },
  {
    name: 'common lets itself act as the accounts of a namespace',
    by: common,
    path: bindings('backend'),
    body: binding('plumbline-stacks', common),
    refused: byPolicy,
  },
  {
    name: 'common takes the operator’s namespace for a tenant’s',
    by: common,
    method: 'PATCH',
    path: `/api/v1/namespaces/${system}`,
    body: { metadata: { labels: tenant } },
    refused: byPolicy,
  },
  {
    name: 'common deletes a namespace that is no tenant’s',
    by: common,
    method: 'DELETE',
    path: `/api/v1/namespaces/${system}`,
    refused: byPolicy,
  },
  {
    name: 'common makes a namespace for privileged pods',
    by: common,
    path: '/api/v1/namespaces',
    body: named('attempt', { ...tenant, [enforce]: 'privileged' }),
    refused: byPolicy,
  },
  {
    name: 'common makes a namespace that is no tenant’s',
    by: common,
    path: '/api/v1/namespaces',
    body: named('attempt', { [enforce]: 'restricted' }),
    refused: byPolicy,
  },
  {
    name: 'common loosens a tenant’s pod security',
    by: common,
    method: 'PATCH',
    path: '/api/v1/namespaces/backend',
    body: { metadata: { labels: { [enforce]: 'privileged' } } },
    refused: byPolicy,
  },
  {
    name: 'common makes an account that is no deployer’s beside the operator',
    by: common,
    path: accounts,
    body: named('attempt'),
    refused: byPolicy,
  },
  {
    name: 'common deletes the operator’s account',
    by: common,
    method: 'DELETE',
    path: `${accounts}/plumbline`,
    refused: byPolicy,
  },
  {
    name: 'common removes the policy that holds it',
    by: common,
    method: 'DELETE',
    path: '/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies/plumbline-common',
    refused: byRbac,
  },
  {
    name: 'the add-ons run a workload beside the operator',
    by: addons,
    path: `/apis/apps/v1/namespaces/${system}/deployments`,
    body: {
      metadata: { name: 'attempt' },
      spec: {
        selector: { matchLabels: { app: 'attempt' } },
        template: { metadata: { labels: { app: 'attempt' } }, spec: { containers: [{ name: 'a', image: 'a:1' }] } },
      },
    },
    refused: ofAddons,
  },
  {
    name: 'the add-ons delete a tenant’s namespace',
    by: addons,
    method: 'DELETE',
    path: '/api/v1/namespaces/backend',
    refused: ofAddons,
  },
  {
    name: 'the infrastructure changes the settings of the control plane',
    by: infra,
    path: '/api/v1/namespaces/kube-system/configmaps',
    body: named('attempt'),
    refused: ofInfra,
  },
  {
    name: 'the infrastructure makes a namespace that is not its own',
    by: infra,
    path: '/api/v1/namespaces',
    body: named('attempt'),
    refused: ofInfra,
  },
  {
    name: 'the infrastructure writes among the state of Pulumi stacks',
    by: infra,
    path: `/api/v1/namespaces/${system}/secrets`,
    body: named('attempt'),
    refused: byRbac,
  },
  {
    name: 'a deployer runs a pod as the operator',
    by: deployer,
    path: `/api/v1/namespaces/${system}/pods`,
    body: pod('plumbline'),
    refused: byRbac,
  },
  {
    name: 'a deployer mounts the node’s disk',
    by: deployer,
    path: '/api/v1/namespaces/backend/pods',
    body: pod('default', { volumes: [{ name: 'host', hostPath: { path: '/' } }] }),
    refused: /violates PodSecurity "restricted/,
  },
  {
    name: 'a deployer takes the token of an account',
    by: deployer,
    path: `${accounts}/plumbline/token`,
    body: { spec: {} },
    refused: byRbac,
  },
  {
    name: 'a deployer puts a token of the operator into a Secret',
    by: deployer,
    path: `/api/v1/namespaces/${system}/secrets`,
    body: { metadata: { name: 'attempt', annotations: { 'kubernetes.io/service-account.name': 'plumbline' } } },
    refused: byRbac,
  },
  {
    name: 'the root stack’s account runs a pod as the operator',
    by: platform,
    path: `/api/v1/namespaces/${system}/pods`,
    body: pod('plumbline'),
    refused: byRbac,
  },
];
