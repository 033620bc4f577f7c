/** Where the bench runs: one control plane, one Git server, one operator run from its bundle, and what can be counted of them. */
import { readFile, readdir, rm } from 'node:fs/promises';
import { delimiter, dirname, join } from 'node:path';
import { loadAll } from 'js-yaml';
import { applyObject, deleteObject, Discovery, Transport, type KubeObject, type Resource } from '#kube';
import {
  freePorts,
  GitRepository,
  resolveTools,
  run,
  startControlPlane,
  startGitServer,
  startProcess,
  temporaryFolder,
  type ControlPlane,
  type GitServer,
  type RunningProcess,
} from '#toolchain';
import { eventually, isReady, Watched } from './watched.ts';

const root = join(import.meta.dirname, '..');
export const api = 'plumbline.dev/v1alpha1';
export const connections = 32;

interface Parts {
  readonly folder: string;
  readonly cluster: ControlPlane;
  readonly git: GitServer;
  readonly port: number;
  readonly kubectl: string;
  readonly pulumi: string;
  /** Those of the image. */
  readonly nodeFlags: readonly string[];
}

export class World implements AsyncDisposable {
  readonly folder: string;
  readonly cluster: ControlPlane;
  /** Path of the command. */
  readonly pulumi: string;
  readonly transport: Transport;
  readonly discovery: Discovery;
  readonly #parts: Parts;
  #operator: RunningProcess | undefined;

  private constructor(parts: Parts) {
    this.#parts = parts;
    ({ folder: this.folder, cluster: this.cluster, pulumi: this.pulumi } = parts);
    this.transport = new Transport(parts.cluster.adminConfig, { connections });
    this.discovery = new Discovery(this.transport);
  }

  /** Builds the bundle, starts everything but the operator, and installs the kinds. */
  static async create(): Promise<World> {
    const folder = await temporaryFolder('plumbline-bench-');
    await run(process.execPath, [join(root, 'build.ts')], { cwd: root });
    const { kubectl, pulumi } = await resolveTools(['kubectl', 'pulumi']);
    const cluster = await startControlPlane({ folder: join(folder, 'cluster') });
    const git = await startGitServer(join(folder, 'git'));
    const [port = 0] = await freePorts(1);
    const programs = { kubectl: kubectl.path, pulumi: pulumi.path };
    const world = new World({ folder, cluster, git, port, ...programs, nodeFlags: await imageFlags() });
    for (const file of await readdir(join(root, 'charts', 'crds')))
      await world.applyText(await readFile(join(root, 'charts', 'crds', file), 'utf8'));
    await world.#served('Stack');
    return world;
  }

  /** `as`: the ServiceAccount of the object's namespace that is impersonated. */
  async apply(object: KubeObject, as?: string): Promise<void> {
    const { namespace = '' } = object.metadata;
    const account = as === undefined ? {} : { as: { namespace, name: as } };
    const resource = await this.resourceOf(object);
    await applyObject({ transport: this.transport, resource, object, force: true, ...account });
  }

  async applyText(yaml: string): Promise<void> {
    for (const object of loadAll(yaml) as KubeObject[]) await this.apply(object);
  }

  async resourceOf({ apiVersion, kind }: Pick<KubeObject, 'apiVersion' | 'kind'>): Promise<Resource> {
    const [first = '', second] = apiVersion.split('/');
    const group = second === undefined ? '' : first;
    const resource = await this.discovery.resource({ group, kind }, second ?? first);
    if (resource === undefined) throw new Error(`the API server does not serve ${kind}`);
    return resource;
  }

  async watch(apiVersion: string, kind: string, namespace?: string): Promise<Watched> {
    return Watched.open(this.transport, await this.resourceOf({ apiVersion, kind }), namespace);
  }

  /** A namespace in which `deployer` may do anything, for stacks. */
  async namespace(name: string): Promise<void> {
    await this.applyText(`
{apiVersion: v1, kind: Namespace, metadata: {name: ${name}}}
---
{apiVersion: v1, kind: ServiceAccount, metadata: {name: deployer, namespace: ${name}}}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: ${name}-deployer}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: cluster-admin}
subjects: [{kind: ServiceAccount, name: deployer, namespace: ${name}}]
`);
    // The API server hears of new rights by a watch of its own.
    const path = `/api/v1/namespaces/${name}/configmaps`;
    const request = { method: 'GET', path, as: { namespace: name, name: 'deployer' } } as const;
    await eventually(`the rights of ${name} hold`, () =>
      this.transport.request(request).then(
        () => true,
        () => false,
      ),
    );
  }

  repositoryUrl(name: string): string {
    return `${this.#parts.git.url}/${name}/.git`;
  }

  /** A repository with its first commit, and a GitSource of the same name that has fetched it. */
  async source(name: string, namespace: string, files: Readonly<Record<string, string>>): Promise<GitRepository> {
    const repository = await new GitRepository(join(this.folder, 'git', name)).init();
    await repository.commit(files, 'Start');
    const url = this.repositoryUrl(name);
    await this.apply({
      apiVersion: api,
      kind: 'GitSource',
      metadata: { name, namespace },
      spec: { url, interval: '1h' },
    });
    await using sources = await this.watch(api, 'GitSource', namespace);
    await sources.until(`source ${name} is Ready`, () =>
      isReady(sources.get(`${namespace}/${name}`)) ? true : undefined,
    );
    return repository;
  }

  async stack(name: string, namespace: string, spec: Readonly<Record<string, unknown>>): Promise<void> {
    const object = { apiVersion: api, kind: 'Stack', metadata: { name, namespace }, spec };
    await this.apply({ ...object, spec: { serviceAccountName: 'deployer', ...spec } });
  }

  /** A stack, once it is Ready. */
  async readyStack(name: string, namespace: string, spec: Readonly<Record<string, unknown>>): Promise<void> {
    await using stacks = await this.watch(api, 'Stack', namespace);
    await this.stack(name, namespace, spec);
    await stacks.until(`stack ${name} is Ready`, () =>
      isReady(stacks.get(`${namespace}/${name}`)) ? true : undefined,
    );
  }

  /** Deletes a stack, and waits until it and all that it owned are gone. */
  async removeStack(name: string, namespace: string): Promise<void> {
    const resource = await this.resourceOf({ apiVersion: api, kind: 'Stack' });
    await using stacks = await this.watch(api, 'Stack', namespace);
    await deleteObject({ transport: this.transport, resource, name, namespace });
    await stacks.until(`stack ${name} is gone`, () =>
      stacks.get(`${namespace}/${name}`) === undefined ? true : undefined,
    );
  }

  /** Has a source fetched now, as the webhook of a Git host would. */
  async reconcile(name: string, namespace: string, value: string): Promise<void> {
    await this.edit(
      { apiVersion: api, kind: 'GitSource', metadata: { name, namespace } },
      {
        metadata: { annotations: { 'plumbline.dev/reconcile': value } },
      },
    );
  }

  /** A JSON merge patch by somebody else. */
  async edit(object: KubeObject, patch: unknown): Promise<void> {
    const { plural, group, version } = await this.resourceOf(object);
    const { namespace, name } = object.metadata;
    await this.transport.request({
      method: 'PATCH',
      path: `${group === '' ? '/api' : `/apis/${group}`}/${version}/namespaces/${namespace}/${plural}/${name}`,
      body: patch,
      query: { fieldManager: 'hand' },
      contentType: 'application/merge-patch+json',
    });
  }

  kubectl(...args: readonly string[]): Promise<unknown> {
    return run(this.#parts.kubectl, ['--kubeconfig', this.cluster.kubeconfig, ...args], { cwd: this.folder });
  }

  /** Comes back when it is ready; one that runs already is left alone, whatever its flags. */
  async startOperator(...flags: readonly string[]): Promise<void> {
    if (this.#operator?.running === true) return;
    const { port } = this.#parts;
    this.#operator = await startProcess({
      name: 'operator',
      program: process.execPath,
      args: [
        ...this.#parts.nodeFlags,
        join(root, 'build', 'operator.js'),
        ...['--kubeconfig', this.cluster.kubeconfig, '--data-folder', join(this.folder, 'data')],
        ...['--probe-address', `127.0.0.1:${port}`, '--no-leader-election', ...flags],
      ],
      env: { ...process.env, PATH: `${dirname(this.pulumi)}${delimiter}${process.env['PATH'] ?? ''}` },
      logFile: join(this.folder, 'operator.log'),
    });
    await eventually('the operator is ready', async () => {
      await this.#operator?.check();
      return (await fetch(`http://127.0.0.1:${port}/readyz`).catch(() => undefined))?.ok;
    });
  }

  async stopOperator(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    await this.#operator?.stop(signal);
    this.#operator = undefined;
  }

  /** Of the operator that runs. */
  get operatorPid(): number {
    return this.#operator?.pid ?? NaN;
  }

  /** The operator's rows of a metric whose labels hold the text: the value of each. */
  async operatorRows(name: string, labels = ''): Promise<number[]> {
    const text = await (await fetch(`http://127.0.0.1:${this.#parts.port}/metrics`)).text();
    return valuesOf(text, (line) => line.startsWith(name) && line.includes(labels));
  }

  async operatorMetric(name: string, labels = ''): Promise<number> {
    return total(await this.operatorRows(name, labels));
  }

  async residentBytes(): Promise<number> {
    return this.operatorMetric('process_resident_memory_bytes');
  }

  /** Requests that the API server has answered so far, as it counts them; left out are its own Leases and LimitRanges, its look for OpenAPI, and these metrics. */
  async requestCounts(): Promise<RequestCounts> {
    const chunks: Buffer[] = [];
    for await (const chunk of await this.transport.stream({ method: 'GET', path: '/metrics' })) chunks.push(chunk);
    const lines = Buffer.concat(chunks)
      .toString()
      .split('\n')
      .filter((line) => line.startsWith('apiserver_request_total') && !isItsOwn.test(line));
    const counts = new Map<string, number>();
    for (const line of lines) {
      const label = (name: string): string => new RegExp(`[{,]${name}="([^"]*)"`).exec(line)?.[1] ?? '';
      const what = [label('verb'), [label('resource'), label('subresource')].filter(Boolean).join('/')].join(' ');
      counts.set(what, (counts.get(what) ?? 0) + Number(line.slice(line.lastIndexOf(' '))));
    }
    return counts;
  }

  async #served(kind: string): Promise<void> {
    await eventually(`${kind} is served`, async () => {
      this.discovery.invalidate();
      return (await this.discovery.resource({ group: 'plumbline.dev', kind })) !== undefined;
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stopOperator();
    await this.transport.close();
    await this.#parts.git[Symbol.asyncDispose]();
    await this.cluster.stop();
    await rm(this.folder, { recursive: true, force: true });
  }
}

/** By verb and resource. */
export type RequestCounts = ReadonlyMap<string, number>;

const isItsOwn = /resource="(leases|limitranges)"|subresource="openapi\/v3"|subresource="\/metrics"/;

/** What was asked between two looks: how much, and what. */
export function askedBetween(
  before: RequestCounts,
  after: RequestCounts,
): { readonly count: number; readonly what: string } {
  const more = [...after].map(([what, count]) => [what, count - (before.get(what) ?? 0)] as const);
  const rows = more.filter(([, count]) => count > 0);
  return {
    count: total(rows.map(([, count]) => count)),
    what: rows.map(([what, count]) => `${count} ${what}`).join(', '),
  };
}

/** Node's flags in the ENTRYPOINT of the Dockerfile. */
async function imageFlags(): Promise<string[]> {
  const [, entry = '[]'] = /^ENTRYPOINT (.*)$/m.exec(await readFile(join(root, 'Dockerfile'), 'utf8')) ?? [];
  return (JSON.parse(entry) as string[]).filter((word) => word.startsWith('--'));
}

function valuesOf(text: string, counts: (line: string) => boolean): number[] {
  const lines = text.split('\n').filter((line) => !line.startsWith('#') && counts(line));
  return lines.map((line) => Number(line.slice(line.lastIndexOf(' '))));
}

const total = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0);
