/** The account of the stack that makes tenants' namespaces: all that TenantNamespace needs, and no more. */
import { Construct } from 'constructs';
import { k8s } from 'cdk8s-plus-27';
import { commonAccount, systemNamespace, tenantRole } from './names.ts';

/** What server-side apply, prune and a look at the object need. */
const manage = ['get', 'list', 'watch', 'create', 'patch', 'update', 'delete'];
const rbac = 'rbac.authorization.k8s.io';

/**
 * ServiceAccount plumbline-common with cluster-wide rights on namespaces, quotas, limits, network policies and RoleBindings.
 * It may bind one ClusterRole only, plumbline-tenant (verb `bind`; never `escalate`, and it writes no Role), so that it cannot
 * hand out more than a tenant has. Who commits to `common` still decides over every namespace: guard that folder's reviews.
 */
export class PlatformAccounts extends Construct {
  constructor(scope: Construct, id: string) {
    super(scope, id);
    const metadata = { name: commonAccount, namespace: systemNamespace };
    new k8s.KubeServiceAccount(this, 'common', { metadata, automountServiceAccountToken: false });
    const subjects = [{ kind: 'ServiceAccount', ...metadata }];
    new k8s.KubeClusterRole(this, 'common-role', {
      metadata: { name: commonAccount },
      rules: [
        { apiGroups: [''], resources: ['namespaces', 'resourcequotas', 'limitranges'], verbs: manage },
        { apiGroups: ['networking.k8s.io'], resources: ['networkpolicies'], verbs: manage },
        { apiGroups: [rbac], resources: ['rolebindings'], verbs: manage },
        { apiGroups: [rbac], resources: ['clusterroles'], resourceNames: [tenantRole], verbs: ['bind'] },
      ],
    });
    new k8s.KubeClusterRoleBinding(this, 'common-binding', {
      metadata: { name: commonAccount },
      roleRef: { apiGroup: rbac, kind: 'ClusterRole', name: commonAccount },
      subjects,
    });
    new k8s.KubeRole(this, 'deployers-role', {
      metadata,
      rules: [{ apiGroups: [''], resources: ['serviceaccounts'], verbs: manage }],
    });
    new k8s.KubeRoleBinding(this, 'deployers-binding', {
      metadata,
      roleRef: { apiGroup: rbac, kind: 'Role', name: commonAccount },
      subjects,
    });
  }
}
