/** Where manifests are tried: a control plane on which pods become ready, a repository, the operator as it is installed. */
import { join } from 'node:path';
import { cp } from 'node:fs/promises';
import type { Stack } from '#api';
import { labels } from '#api';
import { ApiError, list, resourcePath, type KubeObject, type Resource } from '#kube';
import { requestsIn, TestCluster, until } from '#testing';
import { freePorts } from '#toolchain';
import { World } from '../demo/world.ts';

const apiVersion = 'plumbline.dev/v1alpha1';
export const home = 'plumbline-system';
const source = 'manifests';
const pollMs = 60_000;

export interface Found {
  readonly object: KubeObject;
  readonly resource: Resource;
}

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

  /** Every object of the cluster with the label of the stack. */
  async objectsOf(stack: string): Promise<Found[]> {
    this.cluster.discovery.invalidate();
    const found: Found[] = [];
    for (const resource of await this.cluster.discovery.all()) {
      if (!resource.verbs.includes('list') || resource.kind === 'Event') continue;
      const query = { labelSelector: `${labels.stack}=${stack}` };
      const objects = list(this.world.transport, {
        path: resourcePath(resource, {}),
        query,
        accept: 'application/json',
      });
      const group = resource.group === '' ? '' : `${resource.group}/`;
      try {
        for await (const object of objects)
          found.push({
            object: { ...object, apiVersion: `${group}${resource.version}`, kind: resource.kind },
            resource,
          });
      } catch (error) {
        // The definition went between discovery and the list.
        if (!(error instanceof ApiError && error.status === 404)) throw error;
      }
    }
    return found;
  }

  /** Every request of the operator to the API server so far. */
  async requests(): Promise<string[]> {
    return requestsIn(await this.world.operatorLog());
  }

  /** Comes back when two seconds have passed without a request; the number of requests so far. */
  async quiet(): Promise<number> {
    let before = -1;
    return until(
      'two seconds without a request',
      async () => {
        const { length } = await this.requests();
        if (length === before) return length;
        before = length;
        await new Promise((resolve) => setTimeout(resolve, 2000));
        return undefined;
      },
      pollMs,
    );
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
