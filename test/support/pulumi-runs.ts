/** Runs of the real Pulumi engine on programs that a test writes, by the operator's own runner, against the test's API server. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Discovery, loadClusterConfig, Transport, type ClusterConfig } from '#kube';
import { systemClock, type Clock } from '#runtime';
import { toolPaths } from '#toolchain';
import { createDependencies, type Dependencies } from '#dependencies';
import { createRunner, type RunEvent, type RunLimits, type Runner, type RunReport, type RunRequest } from '#run';
import { kubeconfig, testNamespace, type TestCluster } from './cluster.ts';
import { plainProject } from './pulumi-platform.ts';

export type Changes = Partial<Omit<RunRequest, 'limits'>> & { readonly limits?: Partial<RunLimits> };

const root = join(import.meta.dirname, '..', '..');

interface Making {
  /** A kubeconfig; that of the test's API server when not said. */
  readonly file?: string;
  /** Programs of the toolchain that runs find. */
  readonly tools?: Parameters<typeof toolPaths>[0];
  /** The way to the API server that runs are told of, where it is another one than that of the operator. */
  readonly lent?: ClusterConfig;
  /** Where all their files are put. */
  readonly folder?: string;
  /** By which their time is up. */
  readonly clock?: Clock;
}

export class PulumiRuns implements AsyncDisposable {
  readonly folder: string;
  readonly namespace: string;
  readonly #transport: Transport;
  readonly #runner: Runner;
  readonly #dependencies: Dependencies;
  /** Of the last run. */
  events: RunEvent[] = [];

  private constructor(world: {
    readonly folder: string;
    readonly namespace: string;
    readonly transport: Transport;
    readonly runner: Runner;
    readonly dependencies: Dependencies;
  }) {
    this.folder = world.folder;
    this.namespace = world.namespace;
    this.#transport = world.transport;
    this.#runner = world.runner;
    this.#dependencies = world.dependencies;
  }

  /** A namespace of its own; programs run as its ServiceAccount `deployer`, which may do there what an admin may. */
  static async create(
    test: TestCluster,
    { file = kubeconfig, tools = ['pulumi'], lent, folder: parent = tmpdir(), clock = systemClock }: Making = {},
  ): Promise<PulumiRuns> {
    const namespace = await testNamespace(test);
    await test.apply(`
{apiVersion: v1, kind: ServiceAccount, metadata: {name: deployer, namespace: ${namespace}}}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: deployer, namespace: ${namespace}}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: admin}
subjects: [{kind: ServiceAccount, name: deployer, namespace: ${namespace}}]
`);
    const programs = Object.values(await toolPaths(tools));
    const folder = await mkdtemp(join(parent, 'plumbline-runs-'));
    const cluster = await loadClusterConfig({ kubeconfig: file });
    const transport = new Transport(cluster);
    const environment = { PATH: process.env['PATH'] ?? '' };
    const dependencies = await createDependencies({
      folder: join(folder, 'cache'),
      clock: systemClock,
      maxBytes: 1e9,
      shipped: join(root, 'node_modules'),
      environment,
    });
    const runner = createRunner({
      folder: join(folder, 'data'),
      transport,
      cluster: lent ?? cluster,
      discovery: new Discovery(transport),
      clock,
      programs: { path: programs.map(dirname), environment: {} },
      dependencies,
    });
    await mkdir(join(folder, 'state'));
    return new PulumiRuns({ folder, namespace, transport, runner, dependencies });
  }

  /** Files of a repository; `index.js` is the program, in plain JavaScript unless its Pulumi.yaml is here, too. */
  async write(files: Readonly<Record<string, string>>): Promise<void> {
    await rm(join(this.folder, 'source'), { recursive: true, force: true });
    for (const [file, text] of Object.entries({ 'Pulumi.yaml': plainProject, ...files })) {
      const path = join(this.folder, 'source', file);
      await mkdir(dirname(path), { recursive: true });
      await writeFile(path, text);
    }
  }

  request(operation: RunRequest['operation'], changes: Changes = {}): RunRequest {
    return {
      operation,
      stack: { namespace: this.namespace, name: 'shop' },
      pulumiStack: 'dev',
      project: undefined,
      folder: join(this.folder, 'source'),
      path: '.',
      commit: 'c0ffee',
      backend: {
        // As the state room gives it.
        url: `${pathToFileURL(join(this.folder, 'state')).href}?metadata=skip`,
        secretsProvider: 'passphrase',
        environment: {
          PULUMI_CONFIG_PASSPHRASE: 'correct horse battery',
          PULUMI_DIY_BACKEND_DISABLE_CHECKPOINT_BACKUPS: '1',
        },
      },
      config: [],
      environment: {},
      account: { namespace: this.namespace, name: 'deployer' },
      refresh: false,
      expectNoChanges: false,
      targets: [],
      targetDependents: false,
      replace: [],
      parallel: 0,
      continueOnError: false,
      ...changes,
      limits: { timeoutMs: 50_000, graceMs: 3000, memoryMiB: 1024, ...changes.limits },
    };
  }

  async run(
    operation: RunRequest['operation'],
    changes: Changes = {},
    { signal = new AbortController().signal, onEvent = (_: RunEvent): void => undefined } = {},
  ): Promise<RunReport> {
    this.events = [];
    return this.#runner.run(this.request(operation, changes), {
      signal,
      onEvent: (event) => {
        this.events.push(event);
        onEvent(event);
      },
    });
  }

  /** What the program of the last run printed. */
  get printed(): string[] {
    return this.events.flatMap((event) => (event.kind === 'output' ? [event.line] : []));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#dependencies[Symbol.asyncDispose]();
    await this.#transport.close();
    await rm(this.folder, { recursive: true, force: true });
  }
}
