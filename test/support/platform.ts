/** A repository, a source and stacks in a namespace of their own, for one test. */
import type { Change, Condition, Stack } from '#api';
import { cluster, kubeconfig, testNamespace, until, type TestCluster } from './cluster.ts';
import { startRepository, type TestRepository } from './repository.ts';

const apiVersion = 'plumbline.dev/v1alpha1';

export interface PlatformEvent {
  readonly type: string;
  readonly reason: string;
  readonly note: string;
  readonly regarding: { readonly kind: string; readonly name: string };
  readonly series?: { readonly count: number };
}

export class Platform implements AsyncDisposable {
  readonly cluster: TestCluster;
  readonly namespace: string;
  readonly git: TestRepository;
  /** Of an administrator. */
  readonly kubeconfig: string;
  readonly #stacks = new Set<string>();

  private constructor(parts: Pick<Platform, 'cluster' | 'namespace' | 'git' | 'kubeconfig'>) {
    ({ cluster: this.cluster, namespace: this.namespace, git: this.git, kubeconfig: this.kubeconfig } = parts);
  }

  /** `files` become the first commit; stacks apply as ServiceAccount `deployer`, which may do anything in the namespace. */
  static async create(files: Readonly<Record<string, string>>, file = kubeconfig): Promise<Platform> {
    const test = await cluster(file);
    const namespace = await testNamespace(test);
    const git = await startRepository();
    await git.repository.commit(files, 'Start');
    await test.apply(`
apiVersion: v1
kind: ServiceAccount
metadata: {name: deployer, namespace: ${namespace}}
---
apiVersion: ${apiVersion}
kind: GitSource
metadata: {name: source, namespace: ${namespace}}
spec: {url: "${git.url}", ref: {branch: main}, interval: 10m, timeout: 20s}
`);
    const platform = new Platform({ cluster: test, namespace, git, kubeconfig: file });
    await platform.allowDeployer();
    return platform;
  }

  /** Lets `deployer` do anything. */
  async allowDeployer(): Promise<void> {
    await this.cluster.apply(`
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: ${this.namespace}-deployer}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: cluster-admin}
subjects: [{kind: ServiceAccount, name: deployer, namespace: ${this.namespace}}]
`);
  }

  /** Events about an object of the namespace. */
  async events(kind: string, name: string): Promise<PlatformEvent[]> {
    const { body } = await this.cluster.transport.request<{ items: PlatformEvent[] }>({
      method: 'GET',
      path: `/apis/events.k8s.io/v1/namespaces/${this.namespace}/events`,
    });
    return body.items.filter(({ regarding }) => regarding.kind === kind && regarding.name === name);
  }

  /** What the Changes of a stack say, oldest first. */
  async changes(stack: string): Promise<Change['spec'][]> {
    const { body } = await this.cluster.transport.request<{ items: Change[] }>({
      method: 'GET',
      path: `/apis/plumbline.dev/v1alpha1/namespaces/${this.namespace}/changes`,
      query: { labelSelector: `plumbline.dev/change-of=${stack}` },
    });
    return body.items.map(({ spec }) => spec).sort((a, b) => a.startedAt.localeCompare(b.startedAt));
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
  applied(name: string, commit: string, withinMs?: number): Promise<Stack> {
    const check = (stack: Stack | undefined): Stack | undefined =>
      stack?.status?.applied?.commit === commit && ready(stack)?.status === 'True' ? stack : undefined;
    return this.#until(name, `has applied ${commit.slice(0, 8)}`, check, withinMs);
  }

  ready(name: string): Promise<Stack> {
    return this.#until(name, 'is Ready', (stack) => (ready(stack)?.status === 'True' ? stack : undefined));
  }

  /** The stack, when it is Ready now. */
  async isReady(name: string): Promise<Stack | undefined> {
    const stack = await this.get(name);
    return ready(stack)?.status === 'True' ? stack : undefined;
  }

  /** Reason and message of Ready, once it is False for the reason. */
  fails(name: string, reason: string): Promise<string> {
    return this.#until(name, `fails with ${reason}`, (stack) => {
      const condition = ready(stack);
      return condition?.status === 'False' && condition.reason === reason ? condition.message : undefined;
    });
  }

  /** The stack, once it has looked at the commit, whatever came of it. */
  wants(name: string, commit: string): Promise<Stack> {
    return this.#until(name, `wants ${commit.slice(0, 8)}`, (stack) =>
      stack?.status?.wanted?.commit === commit ? stack : undefined,
    );
  }

  /** The message of Ready, once it matches. */
  saying(name: string, message: RegExp): Promise<string> {
    return this.#until(name, `says ${message}`, (stack) => {
      const said = ready(stack)?.message ?? '';
      return message.test(said) ? said : undefined;
    });
  }

  /** The condition, once it has the reason. */
  condition(name: string, type: string, reason: string): Promise<Condition> {
    return this.#until(name, `has ${type} for the reason ${reason}`, (stack) =>
      stack?.status?.conditions?.find((condition) => condition.type === type && condition.reason === reason),
    );
  }

  /** @throws what the stack says instead, when it does not come to it in time. */
  #until<T>(
    name: string,
    what: string,
    check: (stack: Stack | undefined) => T | undefined,
    withinMs?: number,
  ): Promise<T> {
    const seen = until(`stack ${name} ${what}`, async () => check(await this.get(name)), withinMs);
    return seen.catch(async (error: unknown) => {
      const { conditions, failures } = (await this.get(name))?.status ?? {};
      throw new Error(`${String(error)}; it says ${JSON.stringify({ conditions, failures })}`);
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
    const source = { apiVersion, kind: 'GitSource', name: 'source', namespace: this.namespace };
    if ((await this.cluster.get(apiVersion, source.kind, source.name, source.namespace)) !== undefined)
      await this.cluster.edit(source, { spec: { suspend: true } });
    await this.git[Symbol.asyncDispose]();
    await this.cluster[Symbol.asyncDispose]();
  }
}

export const ready = (stack: Stack | undefined): Condition | undefined =>
  stack?.status?.conditions?.find(({ type }) => type === 'Ready');

export const configMap = (name: string, value = '1', extra = ''): string =>
  `apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: ${name}\n${extra}data:\n  value: "${value}"\n`;

/** For {@link configMap}: annotations of ours, by their short names. */
export const annotated = (written: Readonly<Record<string, string>>): string =>
  `  annotations: {${Object.entries(written)
    .map(([name, value]) => `plumbline.dev/${name}: "${value}"`)
    .join(', ')}}\n`;
