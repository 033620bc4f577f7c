/** One tenant's namespace: pod security, quota, default limits, closed network, and the account its Stack applies as. */
import { Construct } from 'constructs';
import { k8s } from 'cdk8s-plus-27';
import { deployerSuffix } from './common-policy.ts';
import { operatorAccount, stacksRole, systemNamespace, tenantLabel, tenantRole } from './names.ts';

export interface TenantNamespaceProps {
  /** Name of the namespace, the quota and the limits. */
  readonly name: string;
  readonly quota: TenantQuota;
  /** What a container gets that does not say: CPU and memory. */
  readonly defaults?: { readonly cpu: string; readonly memory: string };
  /** Pod Security Standard that the API server enforces. Default: restricted. Privileged pods are no tenant's. */
  readonly podSecurity?: 'restricted' | 'baseline';
  /** Lets the tenant keep Stacks of its own in the namespace; they apply as ServiceAccount `deployer` there. Default: false. */
  readonly stacks?: boolean;
}

/** Upper bounds over all pods of the namespace. */
export interface TenantQuota {
  readonly cpu: string;
  readonly memory: string;
  readonly pods: number;
}

/**
 * Gives a tenant a namespace, and a Stack the right to fill it: set `serviceAccountName: tenant.deployer` on the Stack.
 * The account lives in plumbline-system, beside the Stack; its rights end at the tenant's namespace.
 */
export class TenantNamespace extends Construct {
  readonly name: string;
  /** ServiceAccount in plumbline-system. */
  readonly deployer: string;

  constructor(scope: Construct, id: string, props: TenantNamespaceProps) {
    super(scope, id);
    this.name = props.name;
    this.deployer = `${props.name}${deployerSuffix}`;
    this.#namespace(props.podSecurity ?? 'restricted');
    this.#bounds(props.quota, props.defaults ?? { cpu: '250m', memory: '128Mi' });
    this.#network();
    this.#account(this.deployer, systemNamespace);
    if (props.stacks === true) this.#stacks();
  }

  #namespace(podSecurity: string): void {
    new k8s.KubeNamespace(this, 'namespace', {
      metadata: {
        name: this.name,
        labels: {
          'app.kubernetes.io/part-of': this.name,
          [tenantLabel]: 'true',
          'pod-security.kubernetes.io/enforce': podSecurity,
          'pod-security.kubernetes.io/warn': podSecurity,
        },
      },
    });
  }

  #bounds({ cpu, memory, pods }: TenantQuota, defaults: { cpu: string; memory: string }): void {
    const metadata = { name: this.name, namespace: this.name };
    const quantity = (text: string): k8s.Quantity => k8s.Quantity.fromString(text);
    new k8s.KubeResourceQuota(this, 'quota', {
      metadata,
      spec: {
        hard: {
          'limits.cpu': quantity(cpu),
          'limits.memory': quantity(memory),
          pods: quantity(String(pods)),
        },
      },
    });
    const amounts = { cpu: quantity(defaults.cpu), memory: quantity(defaults.memory) };
    new k8s.KubeLimitRange(this, 'limits', {
      metadata,
      spec: { limits: [{ type: 'Container', default: amounts, defaultRequest: amounts }] },
    });
  }

  #network(): void {
    new k8s.KubeNetworkPolicy(this, 'default-deny', {
      metadata: { name: 'default-deny', namespace: this.name },
      spec: { podSelector: {}, policyTypes: ['Ingress', 'Egress'] },
    });
    const port = k8s.IntOrString.fromNumber(53);
    new k8s.KubeNetworkPolicy(this, 'allow-dns', {
      metadata: { name: 'allow-dns', namespace: this.name },
      spec: {
        podSelector: {},
        policyTypes: ['Egress'],
        egress: [
          {
            to: [{ namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'kube-system' } } }],
            ports: [
              { protocol: 'UDP', port },
              { protocol: 'TCP', port },
            ],
          },
        ],
      },
    });
  }

  /** An account, and its rights in the tenant's namespace. */
  #account(name: string, namespace: string): void {
    new k8s.KubeServiceAccount(this, name, { metadata: { name, namespace }, automountServiceAccountToken: false });
    this.#bind(name, tenantRole, { name, namespace });
  }

  #stacks(): void {
    this.#account('deployer', this.name);
    this.#bind(stacksRole, stacksRole, { name: operatorAccount, namespace: systemNamespace });
  }

  #bind(name: string, role: string, account: { readonly name: string; readonly namespace: string }): void {
    new k8s.KubeRoleBinding(this, `${name}-binding`, {
      metadata: { name, namespace: this.name },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: role },
      subjects: [{ kind: 'ServiceAccount', ...account }],
    });
  }
}
