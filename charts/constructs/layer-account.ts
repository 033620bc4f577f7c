/** The account of a layer below the tenants: its kinds of objects, and of those with a namespace only what is in its own. */
import { Construct } from 'constructs';
import type { k8s } from 'cdk8s-plus-27';
import { AccountPolicy } from './account-policy.ts';
import { ClusterAccount } from './cluster-account.ts';
import { lookVerbs, manageVerbs } from './names.ts';

export interface LayerAccountProps {
  /** Name of the ServiceAccount in plumbline-system. */
  readonly name: string;
  /** The namespace that the layer makes for itself and writes in; no other. */
  readonly namespace: string;
  /** API group -> plural names of the kinds that it writes; namespaces are among them. */
  readonly manages: Readonly<Record<string, readonly string[]>>;
  /** API group -> plural names of what it only looks at, to know whether its workloads are well. */
  readonly looksAt?: Readonly<Record<string, readonly string[]>>;
}

/**
 * ServiceAccount and ClusterRole: the namespace is not there before the layer has made it, so no Role in it can give the rights. An
 * admission policy bounds them instead. Leave Secrets out of `manages`: reading is not bounded by it.
 */
export class LayerAccount extends Construct {
  constructor(scope: Construct, id: string, { name, namespace, manages, looksAt = {} }: LayerAccountProps) {
    super(scope, id);
    // Before the account that it holds.
    new AccountPolicy(this, 'policy', {
      account: name,
      condition: `by-${id}`,
      variables: {
        ofNamespace: "request.resource.group == '' && request.resource.resource == 'namespaces'",
        place:
          "variables.ofNamespace ? (request.operation == 'DELETE' ? oldObject.metadata.name : object.metadata.name) : (has(request.namespace) ? request.namespace : '')",
      },
      validations: [
        {
          expression: `variables.place == '${namespace}' || (variables.place == '' && !variables.ofNamespace)`,
          message: `${name} writes in namespace ${namespace} only`,
        },
      ],
    });
    new ClusterAccount(this, 'account', {
      name,
      rules: [
        rule('', ['namespaces'], manageVerbs),
        ...Object.entries(manages).map(([group, kinds]) => rule(group, kinds, manageVerbs)),
        ...Object.entries(looksAt).map(([group, kinds]) => rule(group, kinds, lookVerbs)),
      ],
    });
  }
}

const rule = (group: string, kinds: readonly string[], verbs: readonly string[]): k8s.PolicyRule => ({
  apiGroups: [group],
  resources: [...kinds],
  verbs: [...verbs],
});
