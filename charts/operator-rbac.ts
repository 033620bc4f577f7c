/** What the operator may do: its own kinds, its lease, events; watch everything; write nothing else but as a stack's account. */
import { Construct } from 'constructs';
import { k8s } from 'cdk8s-plus-27';
import {
  approverRole,
  lookVerbs as look,
  manageVerbs as manage,
  operatorAccount,
  platformAccount,
  stacksRole,
  systemNamespace,
  tenantRole,
} from '#constructs';
import { ApprovalPolicy } from './approval-policy.ts';

const rbac = 'rbac.authorization.k8s.io';
const own = 'plumbline.dev';
const written = ['gitsources', 'stacks'];
const recorded = ['changes', 'inventories', 'plans'];
/** Who may create them may approve. */
const voted = ['approvals'];
const watchRole = 'plumbline-watch';
const operatorSubjects = [{ kind: 'ServiceAccount', name: operatorAccount, namespace: systemNamespace }];

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
    this.#watch();
    this.#stacks();
    this.#platform();
    this.#tenant();
    this.#people();
    this.#approvers();
    new ApprovalPolicy(this, 'approval');
  }

  #operator(): void {
    new k8s.KubeServiceAccount(this, 'account', { metadata: { name: operatorAccount, namespace: systemNamespace } });
    this.#clusterRole(operatorAccount, [
      // What people wrote is theirs: the operator sets its finalizer and the status, and neither creates nor deletes.
      { apiGroups: [own], resources: written, verbs: [...look, 'patch'] },
      { apiGroups: [own], resources: recorded, verbs: manage },
      // For clusters that ask for it (OwnerReferencesPermissionEnforcement): Changes and Inventories are owned by their Stack.
      { apiGroups: [own], resources: ['stacks/finalizers'], verbs: ['update'] },
      { apiGroups: [own], resources: [...written, 'plans'].map((kind) => `${kind}/status`), verbs: ['patch'] },
      // By dry run alone: to prove that no Approval is accepted under another's name. Its own word counts for nothing.
      { apiGroups: [own], resources: voted, verbs: [...look, 'create'] },
      { apiGroups: ['events.k8s.io'], resources: ['events'], verbs: ['create', 'patch'] },
    ]);
    this.#bindEverywhere(operatorAccount);
    this.#role(operatorAccount, [
      { apiGroups: ['coordination.k8s.io'], resources: ['leases'], verbs: ['get', 'create', 'patch', 'update'] },
    ]);
  }

  /**
   * A stack may own any kind, those of tomorrow's CRDs too: drift and health are read from watches on them. Never `get`:
   * with a wildcard that is pods/exec and nodes/proxy as well. A role of its own, so that it can be narrowed.
   */
  #watch(): void {
    this.#clusterRole(watchRole, [{ apiGroups: ['*'], resources: ['*'], verbs: ['list', 'watch'] }]);
    this.#bindEverywhere(watchRole);
  }

  /** What the operator may do in a namespace that holds Stacks and their sources; plumbline-system is one. */
  #stacks(): void {
    this.#clusterRole(stacksRole, [
      { apiGroups: [''], resources: ['serviceaccounts'], verbs: ['get', 'impersonate'] },
      // The state of Pulumi stacks, their passphrases and outputs, are Secrets beside the Stack; a Lease locks a state.
      { apiGroups: [''], resources: ['secrets'], verbs: manage },
      { apiGroups: ['coordination.k8s.io'], resources: ['leases'], verbs: ['get', 'create', 'update', 'delete'] },
      // A Pulumi program gets a token of its stack's account, for as long as it runs: it cannot impersonate.
      { apiGroups: [''], resources: ['serviceaccounts/token'], verbs: ['create'] },
      // Keys of those who approve by a signed commit.
      { apiGroups: [''], resources: ['configmaps'], verbs: ['get'] },
    ]);
    new k8s.KubeRoleBinding(this, 'stacks-binding', {
      metadata: { name: stacksRole, namespace: systemNamespace },
      roleRef: { apiGroup: rbac, kind: 'ClusterRole', name: stacksRole },
      subjects: operatorSubjects,
    });
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

  /** Who may view or edit a namespace by Kubernetes' own roles may view or edit its stacks; `edit` may run pods as any account there. */
  #people(): void {
    const roles: readonly [string, readonly string[], k8s.PolicyRule][] = [
      [
        'view',
        ['view', 'edit', 'admin'],
        { apiGroups: [own], resources: [...written, ...recorded, ...voted], verbs: look },
      ],
      ['edit', ['edit', 'admin'], { apiGroups: [own], resources: written, verbs: manage }],
    ];
    for (const [name, into, rule] of roles) {
      const labels = Object.fromEntries(into.map((role) => [`${rbac}/aggregate-to-${role}`, 'true']));
      new k8s.KubeClusterRole(this, `people-${name}`, {
        metadata: { name: `plumbline-${name}`, labels },
        rules: [rule],
      });
    }
  }

  /** Of no effect until somebody is bound to it: who may edit stacks may not approve for that alone. */
  #approvers(): void {
    this.#clusterRole(approverRole, [
      { apiGroups: [own], resources: voted, verbs: [...look, 'create'] },
      { apiGroups: [own], resources: ['plans'], verbs: [...look, 'patch'] },
      { apiGroups: [own], resources: ['stacks', 'gitsources', 'changes'], verbs: look },
    ]);
  }

  #bindEverywhere(name: string): void {
    new k8s.KubeClusterRoleBinding(this, `${name}-cluster-binding`, {
      metadata: { name },
      roleRef: { apiGroup: rbac, kind: 'ClusterRole', name },
      subjects: operatorSubjects,
    });
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
