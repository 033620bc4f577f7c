/** Holds one account of plumbline-system to what it is there for, at admission, where RBAC has no word for it. */
import { ApiObject } from 'cdk8s';
import { Construct } from 'constructs';
import { systemNamespace } from './names.ts';

const apiGroup = 'admissionregistration.k8s.io';

export interface AccountPolicyProps {
  /** ServiceAccount in plumbline-system; the policy has its name. */
  readonly account: string;
  /** Name of the condition that chooses what the account writes. */
  readonly condition: string;
  /** CEL, by name. */
  readonly variables?: Readonly<Record<string, string>>;
  /** Every expression is true of what may be done. */
  readonly validations: readonly { readonly expression: string; readonly message: string }[];
}

/** A ValidatingAdmissionPolicy (Kubernetes 1.30) on whatever the account writes, with its binding. */
export class AccountPolicy extends Construct {
  constructor(scope: Construct, id: string, { account, condition, variables = {}, validations }: AccountPolicyProps) {
    super(scope, id);
    const metadata = { name: account };
    const user = `system:serviceaccount:${systemNamespace}:${account}`;
    new ApiObject(this, 'policy', {
      apiVersion: `${apiGroup}/v1`,
      kind: 'ValidatingAdmissionPolicy',
      metadata,
      spec: {
        failurePolicy: 'Fail',
        matchConstraints: {
          resourceRules: [
            { apiGroups: ['*'], apiVersions: ['*'], operations: ['CREATE', 'UPDATE', 'DELETE'], resources: ['*/*'] },
          ],
        },
        matchConditions: [{ name: condition, expression: `request.userInfo.username == '${user}'` }],
        variables: Object.entries(variables).map(([name, expression]) => ({ name, expression })),
        validations: validations.map((validation) => ({ ...validation, reason: 'Forbidden' })),
      },
    });
    new ApiObject(this, 'binding', {
      apiVersion: `${apiGroup}/v1`,
      kind: 'ValidatingAdmissionPolicyBinding',
      metadata,
      spec: { policyName: account, validationActions: ['Deny'] },
    });
  }
}
