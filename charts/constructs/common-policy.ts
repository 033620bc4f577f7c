/** Holds plumbline-common to tenants' namespaces and deployers' accounts, at admission, where RBAC has no word for it. */
import { Construct } from 'constructs';
import { AccountPolicy } from './account-policy.ts';
import { commonAccount, operatorAccount, stacksRole, systemNamespace, tenantLabel } from './names.ts';

const enforce = 'pod-security.kubernetes.io/enforce';

/** The ends of the names of accounts that `common` may make beside the Stacks. */
export const deployerSuffix = '-deployer';

const labelled = (object: string, label: string): string =>
  `has(${object}.metadata.labels) && '${label}' in ${object}.metadata.labels`;
const isTenant = (object: string): string =>
  `(${labelled(object, tenantLabel)} && ${object}.metadata.labels['${tenantLabel}'] == 'true')`;

const variables = {
  ofNamespace: "request.resource.group == '' && request.resource.resource == 'namespaces'",
  ofAccount: "request.resource.group == '' && request.resource.resource == 'serviceaccounts'",
  creates: "request.operation == 'CREATE'",
  deletes: "request.operation == 'DELETE'",
  bindsOperator: `request.resource.resource == 'rolebindings' && request.operation != 'DELETE' && object.roleRef.name == '${stacksRole}'`,
};

/** Every expression is true of what may be done. */
const validations = [
  {
    expression: `!variables.ofNamespace || ((variables.creates || ${isTenant('oldObject')}) && (variables.deletes || ${isTenant('object')}))`,
    message: `${commonAccount} makes and changes namespaces with the label ${tenantLabel}: "true" only; an administrator may label one that exists`,
  },
  {
    expression: `!variables.ofNamespace || variables.deletes || (${labelled('object', enforce)} && object.metadata.labels['${enforce}'] in ['restricted', 'baseline'])`,
    message: `a tenant's namespace needs the label ${enforce}: restricted or baseline`,
  },
  {
    expression: `variables.ofNamespace || ${isTenant('namespaceObject')} || (variables.ofAccount && request.namespace == '${systemNamespace}')`,
    message: `${commonAccount} writes in namespaces with the label ${tenantLabel}: "true" only`,
  },
  {
    expression: `!variables.ofAccount || request.namespace != '${systemNamespace}' || request.name.endsWith('${deployerSuffix}')`,
    message: `in ${systemNamespace}, ${commonAccount} writes ServiceAccounts whose name ends in ${deployerSuffix} only`,
  },
  {
    expression: `!variables.bindsOperator || object.subjects.all(s, s.kind == 'ServiceAccount' && s.name == '${operatorAccount}' && s.namespace == '${systemNamespace}')`,
    message: `${stacksRole} is bound to ServiceAccount ${systemNamespace}/${operatorAccount} only`,
  },
];

export class CommonPolicy extends Construct {
  constructor(scope: Construct, id: string) {
    super(scope, id);
    new AccountPolicy(this, 'policy', { account: commonAccount, condition: 'by-common', variables, validations });
  }
}
