/** Where manifests are tried: a control plane on which pods become ready, a repository, the operator as it is installed. */
import { join } from 'node:path';
import { cp } from 'node:fs/promises';
import type { Stack } from '#api';
import { requestsIn, TestCluster, untilQuiet, type Found } from '#testing';
import { freePorts } from '#toolchain';
import { World } from '../demo/world.ts';

const apiVersion = 'plumbline.dev/v1alpha1';
export const home = 'plumbline-system';
const source = 'manifests';

export class Stage implements AsyncDisposable {
  readonly world: World;
  readonly cluster: TestCluster;
  readonly #port: number;

  private constructor(world: World, port: number) {
    this.world = world;
    this.cluster = new TestCluster(world.transport);
    this.#port = port;
  }

  static async create(): Promise<Stage> {
    const world = await World.create();
    const [port = 0] = await freePorts(1);
    const stage = new Stage(world, port);
    await world.plumbline('install', '--components', 'crds,rbac', '--kubeconfig', world.cluster.kubeconfig);
    await stage.cluster.apply(`
apiVersion: v1
kind: ServiceAccount
metadata: {name: trial, namespace: ${home}}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: trial}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: cluster-admin}
subjects: [{kind: ServiceAccount, name: trial, namespace: ${home}}]
---
apiVersion: ${apiVersion}
kind: GitSource
metadata: {name: ${source}, namespace: ${home}}
spec: {url: "${world.url}", ref: {branch: main}, interval: 1h}
`);
    await world.repository.commit({ 'README.md': 'Manifests on trial\n' }, 'Start');
    await world.startOperator('--log-level=debug', '--no-leader-election', `--probe-address=127.0.0.1:${port}`);
    return stage;
  }

  /** Copies a file or folder to `name/` of the repository, as it is. */
  copy(path: string, name: string): Promise<void> {
    const folder = join(this.world.repository.folder, name);
    return cp(path, /\.(ya?ml|json)$/.test(path) ? join(folder, 'manifest.yaml') : folder, { recursive: true });
  }

  /** Commits what the folder holds and the given files, and has the source fetched at once. */
  async commit(message: string, files: Readonly<Record<string, string | null>> = {}): Promise<string> {
    const commit = await this.world.repository.commit(files, message);
    await this.cluster.edit(
      { apiVersion, kind: 'GitSource', name: source, namespace: home },
      { metadata: { annotations: { 'plumbline.dev/reconcile': commit } } },
    );
    return commit;
  }

  async stack(name: string, spec: string): Promise<void> {
    await this.cluster.apply(`
apiVersion: ${apiVersion}
kind: Stack
metadata: {name: ${name}, namespace: ${home}}
spec: {sourceRef: {name: ${source}}, path: ${name}, serviceAccountName: trial, interval: 1s, ${spec}}
`);
  }

  get(name: string): Promise<Stack | undefined> {
    return this.cluster.get<never>(apiVersion, 'Stack', name, home);
  }

  deleteStack(name: string): Promise<void> {
    return this.cluster.delete(apiVersion, 'Stack', name, home);
  }

  /** Every object of the cluster with the labels of the stack. */
  objectsOf(stack: string): Promise<Found[]> {
    return this.cluster.objectsOf(home, stack);
  }

  /** Every request of the operator to the API server so far. */
  async requests(): Promise<string[]> {
    return requestsIn(await this.world.operatorLog());
  }

  /** Comes back when two seconds have passed without a request; the number of requests so far. */
  async quiet(): Promise<number> {
    await untilQuiet(() => this.requests(), { pauseMs: 2000, withinMs: 60_000 });
    return (await this.requests()).length;
  }

  /** A value of the operator's metrics, summed over its labels. */
  async metric(name: string): Promise<number> {
    const text = await (await fetch(`http://127.0.0.1:${this.#port}/metrics`)).text();
    return text
      .split('\n')
      .filter((line) => line.startsWith(name))
      .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' '))), 0);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.world[Symbol.asyncDispose]();
  }
}
