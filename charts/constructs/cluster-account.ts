/** A ServiceAccount of plumbline-system with rights in the whole cluster; a policy may bound them. */
import { Construct } from 'constructs';
import { k8s } from 'cdk8s-plus-27';
import { systemNamespace } from './names.ts';

const rbac = 'rbac.authorization.k8s.io';

export interface ClusterAccountProps {
  /** Of the account, its ClusterRole and the binding. */
  readonly name: string;
  readonly rules: k8s.PolicyRule[];
}

export class ClusterAccount extends Construct {
  constructor(scope: Construct, id: string, { name, rules }: ClusterAccountProps) {
    super(scope, id);
    const metadata = { name, namespace: systemNamespace };
    new k8s.KubeServiceAccount(this, 'account', { metadata, automountServiceAccountToken: false });
    new k8s.KubeClusterRole(this, 'role', { metadata: { name }, rules });
    new k8s.KubeClusterRoleBinding(this, 'binding', {
      metadata: { name },
      roleRef: { apiGroup: rbac, kind: 'ClusterRole', name },
      subjects: [{ kind: 'ServiceAccount', ...metadata }],
    });
  }
}
