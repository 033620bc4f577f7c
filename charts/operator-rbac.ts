/** What the operator may do: its own kinds, leases and events; look at everything; write nothing else but as a stack's account. */
import { Construct } from 'constructs';
import { k8s } from 'cdk8s-plus-27';
import { operatorAccount, platformAccount, systemNamespace, tenantRole } from '#constructs';

const rbac = 'rbac.authorization.k8s.io';
const own = 'plumbline.dev';
const look = ['get', 'list', 'watch'];
const manage = [...look, 'create', 'patch', 'update', 'delete'];
const kinds = ['gitsources', 'stacks', 'changes', 'inventories'];

export class OperatorRbac extends Construct {
  constructor(scope: Construct, id: string) {
    super(scope, id);
    new k8s.KubeNamespace(this, 'namespace', {
      metadata: {
        name: systemNamespace,
        labels: { 'pod-security.kubernetes.io/enforce': 'restricted', 'pod-security.kubernetes.io/warn': 'restricted' },
      },
    });
    this.#operator();
    this.#platform();
    this.#tenant();
  }

  #operator(): void {
    new k8s.KubeServiceAccount(this, 'account', { metadata: { name: operatorAccount, namespace: systemNamespace } });
    this.#clusterRole(operatorAccount, [
      { apiGroups: [own], resources: kinds, verbs: manage },
      {
        apiGroups: [own],
        resources: kinds.flatMap((kind) => [`${kind}/status`, `${kind}/finalizers`]),
        verbs: ['get', 'patch', 'update'],
      },
      { apiGroups: ['events.k8s.io'], resources: ['events'], verbs: ['create', 'patch'] },
      // A stack may own any kind, those of tomorrow's CRDs too: drift and health are read from watches on them.
      { apiGroups: ['*'], resources: ['*'], verbs: look },
      { apiGroups: [''], resources: ['serviceaccounts'], verbs: ['impersonate'] },
    ]);
    new k8s.KubeClusterRoleBinding(this, 'binding', {
      metadata: { name: operatorAccount },
      roleRef: { apiGroup: rbac, kind: 'ClusterRole', name: operatorAccount },
      subjects: [{ kind: 'ServiceAccount', name: operatorAccount, namespace: systemNamespace }],
    });
    this.#role(operatorAccount, [
      { apiGroups: ['coordination.k8s.io'], resources: ['leases'], verbs: ['get', 'create', 'patch', 'update'] },
      // Said here too, so that Git credentials stay readable where an administrator narrows the cluster-wide look.
      { apiGroups: [''], resources: ['secrets', 'serviceaccounts'], verbs: ['get'] },
    ]);
  }

  /** The root stack's account: stacks and sources of plumbline-system. */
  #platform(): void {
    new k8s.KubeServiceAccount(this, 'platform-account', {
      metadata: { name: platformAccount, namespace: systemNamespace },
      automountServiceAccountToken: false,
    });
    this.#role(platformAccount, [{ apiGroups: [own], resources: ['gitsources', 'stacks'], verbs: manage }]);
  }

  /** What a tenant's deployer may do in its namespace; of no effect until a RoleBinding names it. */
  #tenant(): void {
    this.#clusterRole(tenantRole, [
      {
        apiGroups: [''],
        resources: ['configmaps', 'secrets', 'services', 'serviceaccounts', 'persistentvolumeclaims', 'pods'],
        verbs: manage,
      },
      { apiGroups: ['apps'], resources: ['deployments', 'statefulsets', 'daemonsets'], verbs: manage },
      { apiGroups: ['batch'], resources: ['jobs', 'cronjobs'], verbs: manage },
      { apiGroups: ['autoscaling'], resources: ['horizontalpodautoscalers'], verbs: manage },
      { apiGroups: ['policy'], resources: ['poddisruptionbudgets'], verbs: manage },
      { apiGroups: ['networking.k8s.io'], resources: ['ingresses', 'networkpolicies'], verbs: manage },
    ]);
  }

  #clusterRole(name: string, rules: k8s.PolicyRule[]): void {
    new k8s.KubeClusterRole(this, `${name}-cluster-role`, { metadata: { name }, rules });
  }

  /** A Role in plumbline-system, bound to the account of the same name. */
  #role(name: string, rules: k8s.PolicyRule[]): void {
    const metadata = { name, namespace: systemNamespace };
    new k8s.KubeRole(this, `${name}-role`, { metadata, rules });
    new k8s.KubeRoleBinding(this, `${name}-role-binding`, {
      metadata,
      roleRef: { apiGroup: rbac, kind: 'Role', name },
      subjects: [{ kind: 'ServiceAccount', ...metadata }],
    });
  }
}
