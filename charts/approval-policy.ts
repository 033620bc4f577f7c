/** Admission policies that prove who approves: nobody puts another's name on an Approval or a Plan, or changes a Plan otherwise. */
import { ApiObject } from 'cdk8s';
import { Construct } from 'constructs';

const admission = 'admissionregistration.k8s.io/v1';
const own = 'plumbline.dev';

interface Policy {
  readonly resource: string;
  readonly operations: readonly string[];
  readonly variables?: readonly { readonly name: string; readonly expression: string }[];
  readonly validations: readonly { readonly expression: string; readonly message: string }[];
}

const user = 'request.userInfo.username';

const approvals: Policy = {
  resource: 'approvals',
  operations: ['CREATE', 'UPDATE'],
  validations: [
    {
      expression: `object.spec.user == ${user}`,
      message: 'spec.user must be the name of whoever creates the Approval',
    },
  ],
};

const names = ['plumbline.dev/approved-by', 'plumbline.dev/rejected-by'];
const quoted = `[${names.map((name) => `'${name}'`).join(', ')}]`;
const isOwnName = (name: string): string =>
  `variables.now[?'${name}'] == variables.before[?'${name}'] || (variables.mayApprove && !${user}.contains(',') && ` +
  `variables.now[?'${name}'].orValue('') == (variables.before[?'${name}'].orValue('') == '' ? ${user} : ` +
  `variables.before[?'${name}'].orValue('') + ',' + ${user}))`;
const may = (resource: string, verb: string): string =>
  `authorizer.group('${own}').resource(${resource}).namespace(request.namespace).check('${verb}').allowed()`;

const plans: Policy = {
  resource: 'plans',
  operations: ['CREATE', 'UPDATE'],
  variables: [
    { name: 'now', expression: 'object.metadata.?annotations.orValue({})' },
    { name: 'before', expression: 'oldObject == null ? {} : oldObject.metadata.?annotations.orValue({})' },
    { name: 'mayApprove', expression: may("'approvals'", 'create') },
    { name: 'isOperator', expression: may("'plans').subresource('status'", 'patch') },
  ],
  validations: [
    ...names.map((name) => ({
      expression: isOwnName(name),
      message: `to ${name}, who may create Approvals can add their own name, after a comma, and nothing else`,
    })),
    {
      expression:
        `variables.isOperator || (oldObject != null && ` +
        `variables.now.all(key, key in ${quoted} || variables.before[?key] == variables.now[?key]) && ` +
        `variables.before.all(key, key in ${quoted} || key in variables.now) && ` +
        ['labels', 'ownerReferences', 'finalizers']
          .map((field) => `object.metadata.?${field} == oldObject.metadata.?${field}`)
          .join(' && ') +
        ')',
      message: 'a Plan is made by the operator; others can only say that they approve or reject it',
    },
  ],
};

export class ApprovalPolicy extends Construct {
  constructor(scope: Construct, id: string) {
    super(scope, id);
    for (const policy of [approvals, plans]) this.#add(policy);
  }

  #add({ resource, operations, variables, validations }: Policy): void {
    const name = `plumbline-${resource}`;
    new ApiObject(this, `${resource}-policy`, {
      apiVersion: admission,
      kind: 'ValidatingAdmissionPolicy',
      metadata: { name },
      spec: {
        failurePolicy: 'Fail',
        matchConstraints: {
          resourceRules: [{ apiGroups: [own], apiVersions: ['*'], operations, resources: [resource] }],
        },
        ...(variables === undefined ? {} : { variables }),
        validations,
      },
    });
    new ApiObject(this, `${resource}-binding`, {
      apiVersion: admission,
      kind: 'ValidatingAdmissionPolicyBinding',
      metadata: { name },
      spec: { policyName: name, validationActions: ['Deny'] },
    });
  }
}
