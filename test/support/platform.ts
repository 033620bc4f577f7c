/** A repository, a source and stacks in a namespace of their own, for one test. */
import type { Condition, Stack } from '#api';
import { cluster, testNamespace, until, type TestCluster } from './cluster.ts';
import { startRepository, type TestRepository } from './repository.ts';

const apiVersion = 'plumbline.dev/v1alpha1';

export class Platform implements AsyncDisposable {
  readonly cluster: TestCluster;
  readonly namespace: string;
  readonly git: TestRepository;
  readonly #stacks = new Set<string>();

  private constructor(test: TestCluster, namespace: string, git: TestRepository) {
    this.cluster = test;
    this.namespace = namespace;
    this.git = git;
  }

  /** `files` become the first commit; stacks apply as ServiceAccount `deployer`, which may do anything in the namespace. */
  static async create(files: Readonly<Record<string, string>>): Promise<Platform> {
    const test = await cluster();
    const namespace = await testNamespace(test);
    const git = await startRepository();
    await git.repository.commit(files, 'Start');
    await test.apply(`
apiVersion: v1
kind: ServiceAccount
metadata: {name: deployer, namespace: ${namespace}}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: ${namespace}-deployer}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: cluster-admin}
subjects: [{kind: ServiceAccount, name: deployer, namespace: ${namespace}}]
---
apiVersion: ${apiVersion}
kind: GitSource
metadata: {name: source, namespace: ${namespace}}
spec: {url: "${git.url}", ref: {branch: main}, interval: 10m, timeout: 20s}
`);
    return new Platform(test, namespace, git);
  }

  /** Creates or changes a stack; `spec` is flow YAML added to source, account and path. */
  async stack(name: string, spec = ''): Promise<void> {
    this.#stacks.add(name);
    const path = spec.includes('path:') ? '' : `path: ${name}, `;
    const account = spec.includes('serviceAccountName:') ? '' : 'serviceAccountName: deployer, ';
    await this.cluster.apply(
      `{apiVersion: ${apiVersion}, kind: Stack, metadata: {name: ${name}, namespace: ${this.namespace}}, spec: {sourceRef: {name: source}, ${path}${account}${spec}}}`,
    );
  }

  /** Commits, and has the source fetched at once. */
  async commit(files: Readonly<Record<string, string | null>>, message = 'Change'): Promise<string> {
    const commit = await this.git.repository.commit(files, message);
    await this.reconcile();
    return commit;
  }

  async reconcile(): Promise<void> {
    const value = String(performance.now());
    await this.cluster.edit(
      { apiVersion, kind: 'GitSource', name: 'source', namespace: this.namespace },
      { metadata: { annotations: { 'plumbline.dev/reconcile': value } } },
    );
  }

  get(name: string): Promise<(Stack & { apiVersion: string; kind: string }) | undefined> {
    return this.cluster.get<never>(apiVersion, 'Stack', name, this.namespace);
  }

  /** The stack, once it is Ready with the commit applied. */
  applied(name: string, commit: string): Promise<Stack> {
    return until(`stack ${name} has applied ${commit.slice(0, 8)}`, async () => {
      const stack = await this.get(name);
      return stack?.status?.applied?.commit === commit && ready(stack)?.status === 'True' ? stack : undefined;
    });
  }

  ready(name: string): Promise<Stack> {
    return until(`stack ${name} is Ready`, async () => {
      const stack = await this.get(name);
      return ready(stack)?.status === 'True' ? stack : undefined;
    });
  }

  /** Reason and message of Ready, once it is False for the reason. */
  fails(name: string, reason: string): Promise<string> {
    return until(`stack ${name} fails with ${reason}`, async () => {
      const condition = ready(await this.get(name));
      return condition?.status === 'False' && condition.reason === reason ? condition.message : undefined;
    }).catch(async (error: unknown) => {
      throw new Error(`${String(error)}; it says ${JSON.stringify(ready(await this.get(name)))}`);
    });
  }

  configMap(name: string): Promise<{ metadata: { uid?: string }; data?: Record<string, string> } | undefined> {
    return this.cluster.get<never>('v1', 'ConfigMap', name, this.namespace);
  }

  /** Suspends what the test made, so that it costs later tests nothing. */
  async [Symbol.asyncDispose](): Promise<void> {
    for (const name of this.#stacks) {
      if ((await this.get(name)) === undefined) continue;
      await this.cluster.edit(
        { apiVersion, kind: 'Stack', name, namespace: this.namespace },
        { spec: { suspend: true } },
      );
    }
    await this.cluster.edit(
      { apiVersion, kind: 'GitSource', name: 'source', namespace: this.namespace },
      { spec: { suspend: true } },
    );
    await this.git[Symbol.asyncDispose]();
    await this.cluster[Symbol.asyncDispose]();
  }
}

export const ready = (stack: Stack | undefined): Condition | undefined =>
  stack?.status?.conditions?.find(({ type }) => type === 'Ready');

export const configMap = (name: string, value = '1', extra = ''): string =>
  `apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: ${name}\n${extra}data:\n  value: "${value}"\n`;
