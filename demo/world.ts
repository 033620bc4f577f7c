/** The demo's world: a control plane, a Git server, the platform's repository, the operator as its own account. */
import { spawn } from 'node:child_process';
import { cp, mkdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { loadAll } from 'js-yaml';
import { applyObject, Discovery, Transport, type KubeObject } from '#kube';
import {
  GitRepository,
  startControlPlane,
  startGitServer,
  startProcess,
  temporaryFolder,
  toolPaths,
  type ControlPlane,
  type GitServer,
  type RunningProcess,
} from '#toolchain';

const root = join(import.meta.dirname, '..');
const node = process.execPath;
const quiet = '--disable-warning=ExperimentalWarning';

interface Parts {
  readonly folder: string;
  readonly cluster: ControlPlane;
  readonly git: GitServer;
  readonly repository: GitRepository;
  readonly programs: readonly string[];
}

export class World implements AsyncDisposable {
  readonly folder: string;
  readonly cluster: ControlPlane;
  readonly git: GitServer;
  readonly repository: GitRepository;
  readonly transport: Transport;
  /** Of the operator: as in its image, what runs Pulumi programs is on it. */
  readonly #path: string;
  #operator: RunningProcess | undefined;

  private constructor(parts: Parts) {
    this.folder = parts.folder;
    this.cluster = parts.cluster;
    this.git = parts.git;
    this.repository = parts.repository;
    this.transport = new Transport(parts.cluster.adminConfig);
    this.#path = [...parts.programs.map((path) => dirname(path)), process.env['PATH']].join(':');
  }

  static async create(): Promise<World> {
    const programs = Object.values(await toolPaths(['pulumi', 'helm', 'kustomize']));
    const folder = await temporaryFolder('plumbline-demo-');
    const cluster = await startControlPlane({ folder: join(folder, 'cluster'), kwok: true });
    const git = await startGitServer(join(folder, 'git'));
    const repository = await new GitRepository(join(folder, 'git', 'platform')).init();
    return new World({ folder, cluster, git, repository, programs });
  }

  get url(): string {
    return `${this.git.url}/platform/.git`;
  }

  /** Copies the sample platform, as source, into the repository. */
  async writePlatform(): Promise<void> {
    const { folder } = this.repository;
    for (const name of ['charts', 'stacks', 'cdk8s.yaml', 'package.json', 'tsconfig.json']) {
      await cp(join(root, name), join(folder, name), { recursive: true });
    }
    await symlink(join(root, 'node_modules'), join(folder, 'node_modules'), 'dir');
    await writeFile(join(folder, '.gitignore'), 'node_modules\n');
  }

  /** Changes one source file, synthesises with `plumbline synth`, and commits both; the commit's id. */
  async change(file: string, edit: (text: string) => string, message: string): Promise<string> {
    const path = join(this.repository.folder, file);
    const before = await readFile(path, 'utf8');
    const after = edit(before);
    if (after === before) throw new Error(`the edit of ${file} changed nothing`);
    await writeFile(path, after);
    await this.plumbline('synth', this.repository.folder);
    return this.repository.commit({}, message);
  }

  /** Applies what an administrator applies once, with `plumbline install` and the bootstrap of the platform. */
  async install(): Promise<void> {
    await this.plumbline('install', '--components', 'crds,rbac', '--kubeconfig', this.cluster.kubeconfig);
    const discovery = new Discovery(this.transport);
    for (const file of ['accounts', 'source', 'platform']) {
      const text = await readFile(join(root, 'charts', 'dist', 'bootstrap', `${file}.yaml`), 'utf8');
      for (const object of loadAll(text) as KubeObject[]) await this.#apply(this.#toHere(object), discovery);
    }
  }

  /** The committed bootstrap names an example address; this repository is served here, and polled often. */
  #toHere(object: KubeObject): KubeObject {
    if (object.kind !== 'GitSource') return object;
    return { ...object, spec: { ...(object['spec'] as object), url: this.url, interval: '2s' } };
  }

  async #apply(object: KubeObject, discovery: Discovery): Promise<void> {
    const [group, version] = object.apiVersion.includes('/') ? object.apiVersion.split('/') : ['', object.apiVersion];
    const resource = await discovery.resource({ group: group ?? '', kind: object.kind }, version);
    if (resource === undefined) throw new Error(`the API server does not know ${object.kind}`);
    await applyObject({ transport: this.transport, resource, object, force: true });
  }

  /** Somebody who may approve the plans of plumbline-system; a kubeconfig of theirs. */
  async approver(name: string): Promise<string> {
    const namespace = 'plumbline-system';
    const metadata = { name, namespace };
    const group = 'rbac.authorization.k8s.io';
    const discovery = new Discovery(this.transport);
    await this.#apply({ apiVersion: 'v1', kind: 'ServiceAccount', metadata }, discovery);
    await this.#apply(
      {
        apiVersion: `${group}/v1`,
        kind: 'RoleBinding',
        metadata,
        roleRef: { apiGroup: group, kind: 'ClusterRole', name: 'plumbline-approver' },
        subjects: [{ kind: 'ServiceAccount', ...metadata }],
      },
      discovery,
    );
    return this.cluster.kubeconfigFor(namespace, name);
  }

  /** Flags come after ours, so that they win. */
  async startOperator(...flags: readonly string[]): Promise<void> {
    const kubeconfig = await this.cluster.kubeconfigFor('plumbline-system', 'plumbline');
    await mkdir(join(this.folder, 'data'), { recursive: true });
    const args = [
      quiet,
      join(root, 'operator', 'main.ts'),
      '--kubeconfig',
      kubeconfig,
      '--probe-address',
      '127.0.0.1:0',
      '--data-folder',
      join(this.folder, 'data'),
      ...flags,
    ];
    this.#operator = await startProcess({
      name: 'operator',
      program: node,
      args,
      env: { ...process.env, PATH: this.#path },
      logFile: join(this.folder, 'operator.log'),
    });
  }

  async stopOperator(): Promise<void> {
    await this.#operator?.stop();
  }

  /** What the operator had to say so far. */
  operatorLog(): Promise<string> {
    return readFile(join(this.folder, 'operator.log'), 'utf8').catch(() => '');
  }

  /** Runs a verb of the CLI; its output. */
  async plumbline(...args: readonly string[]): Promise<string> {
    const child = spawn(node, [quiet, join(root, 'operator', 'cli', 'main.ts'), ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
      cwd: root,
    });
    let output = '';
    child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()));
    const code = await new Promise<number | null>((resolve, reject) =>
      child.once('error', reject).once('close', resolve),
    );
    if (code !== 0) throw new Error(`plumbline ${args.join(' ')} ended with ${code}:\n${output}`);
    return output;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#operator?.stop();
    await this.git[Symbol.asyncDispose]();
    await this.transport.close();
    await this.cluster.stop();
    await rm(this.folder, { recursive: true, force: true });
  }
}
