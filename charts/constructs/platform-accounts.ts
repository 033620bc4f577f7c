/** The account of the stack that makes tenants' namespaces: all that TenantNamespace needs, and no more. */
import { Construct } from 'constructs';
import { ClusterAccount } from './cluster-account.ts';
import { CommonPolicy } from './common-policy.ts';
import { commonAccount, manageVerbs as manage, stacksRole, tenantRole } from './names.ts';

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
    new ClusterAccount(this, 'common', {
      name: commonAccount,
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
  }
}
