/** Where Pulumi programs are tried: a control plane on which pods become ready, and what a cloud would give it. */
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ApiError, list, resourcePath, Transport } from '#kube';
import { TestCluster } from '#testing';
import { startControlPlane, temporaryFolder, type ControlPlane } from '#toolchain';
import { playCloud } from './cloud.ts';

/** Written by controllers about other objects, or going by themselves a while later. */
const byThemselves = new Set([
  'Event',
  'Lease',
  'Endpoints',
  'EndpointSlice',
  'PersistentVolume',
  'ControllerRevision',
]);

export class Stage implements AsyncDisposable {
  readonly kubeconfig: string;
  readonly #control: ControlPlane;
  readonly #cluster: TestCluster;
  readonly #end = new AbortController();
  readonly #cloud: Promise<void>;

  private constructor(control: ControlPlane) {
    const transport = new Transport(control.adminConfig);
    this.kubeconfig = control.kubeconfig;
    this.#control = control;
    this.#cluster = new TestCluster(transport);
    this.#cloud = playCloud(transport, this.#end.signal);
  }

  static async create(): Promise<Stage> {
    const folder = await temporaryFolder('plumbline-programs-');
    const stage = new Stage(await startControlPlane({ folder: join(folder, 'cluster'), kwok: true }));
    await stage.#settled();
    return stage;
  }

  /** Every object that somebody made on purpose. */
  async objects(): Promise<ReadonlySet<string>> {
    const { transport, discovery } = this.#cluster;
    discovery.invalidate();
    const found = new Set<string>();
    for (const resource of await discovery.all()) {
      if (!resource.verbs.includes('list') || byThemselves.has(resource.kind)) continue;
      const path = resourcePath(resource, {});
      try {
        for await (const { metadata } of list(transport, { path, query: {}, accept: 'application/json' })) {
          found.add([resource.kind, metadata.namespace, metadata.name].filter((part) => part !== undefined).join('/'));
        }
      } catch (error) {
        // Its definition went between discovery and the list; some kinds cannot be listed.
        if (!(error instanceof ApiError && (error.status === 404 || error.status === 405))) throw error;
      }
    }
    return found;
  }

  /** The controllers make accounts and roles of their own when they start. */
  async #settled(): Promise<void> {
    for (let before = -1, now = 0; now !== before;) {
      before = now;
      await sleep(2000);
      now = (await this.objects()).size;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#end.abort();
    await this.#cloud;
    await this.#cluster[Symbol.asyncDispose]();
    await this.#control.stop();
  }
}
