/** The account of the stack that makes tenants' namespaces: all that TenantNamespace needs, and no more. */
import { Construct } from 'constructs';
import { k8s } from 'cdk8s-plus-27';
import { CommonPolicy } from './common-policy.ts';
import { commonAccount, manageVerbs as manage, stacksRole, systemNamespace, tenantRole } from './names.ts';

const rbac = 'rbac.authorization.k8s.io';

/**
 * ServiceAccount plumbline-common with rights on namespaces, quotas, limits, network policies, accounts and RoleBindings. It may bind
 * two ClusterRoles (verb `bind`; never `escalate`, and it writes no Role). RBAC can not say "in tenants' namespaces only", so an
 * admission policy does. Who commits to `common` still decides over every tenant: guard that folder's reviews.
 */
export class PlatformAccounts extends Construct {
  constructor(scope: Construct, id: string) {
    super(scope, id);
    // Before the account that it holds.
    new CommonPolicy(this, 'policy');
    const metadata = { name: commonAccount, namespace: systemNamespace };
    new k8s.KubeServiceAccount(this, 'common', { metadata, automountServiceAccountToken: false });
    new k8s.KubeClusterRole(this, 'common-role', {
      metadata: { name: commonAccount },
      rules: [
        {
          apiGroups: [''],
          resources: ['namespaces', 'resourcequotas', 'limitranges', 'serviceaccounts'],
          verbs: manage,
        },
        { apiGroups: ['networking.k8s.io'], resources: ['networkpolicies'], verbs: manage },
        { apiGroups: [rbac], resources: ['rolebindings'], verbs: manage },
        { apiGroups: [rbac], resources: ['clusterroles'], resourceNames: [tenantRole, stacksRole], verbs: ['bind'] },
      ],
    });
    new k8s.KubeClusterRoleBinding(this, 'common-binding', {
      metadata: { name: commonAccount },
      roleRef: { apiGroup: rbac, kind: 'ClusterRole', name: commonAccount },
      subjects: [{ kind: 'ServiceAccount', ...metadata }],
    });
  }
}
