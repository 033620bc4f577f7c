/** The API server of a test, as tests use it: objects in, objects out, waits on conditions. */
import { randomBytes } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { loadAll } from 'js-yaml';
import { labels } from '#api';
import {
  ApiError,
  applyObject,
  deleteObject,
  Discovery,
  getObject,
  groupKindOf,
  list,
  loadClusterConfig,
  patchMerge,
  resourcePath,
  Transport,
  type KubeObject,
  type Resource,
} from '#kube';

export interface Found {
  readonly object: KubeObject;
  readonly resource: Resource;
}

/** Of what a run of Pulumi takes away on a machine that is busy. */
const goneWithinMs = 240_000;

export class TestCluster implements AsyncDisposable {
  readonly transport: Transport;
  readonly discovery: Discovery;

  constructor(transport: Transport) {
    this.transport = transport;
    this.discovery = new Discovery(transport);
  }

  /** Creates or changes objects written as YAML, as an administrator. */
  async apply(yaml: string): Promise<KubeObject[]> {
    const applied: KubeObject[] = [];
    for (const object of loadAll(yaml) as KubeObject[]) {
      const { object: answer } = await applyObject({
        transport: this.transport,
        resource: await this.#resource(object),
        object,
        force: true,
      });
      applied.push(answer);
    }
    return applied;
  }

  async get<T extends KubeObject>(
    apiVersion: string,
    kind: string,
    name: string,
    namespace?: string,
  ): Promise<T | undefined> {
    const resource = await this.#resource({ apiVersion, kind });
    return getObject<T>({ transport: this.transport, resource, name, namespace });
  }

  /** A JSON merge patch as somebody else than Plumbline. */
  async edit(
    object: { apiVersion: string; kind: string; name: string; namespace?: string },
    patch: unknown,
    manager = 'kubectl-edit',
  ): Promise<void> {
    const { apiVersion, kind, name, namespace } = object;
    const resource = await this.#resource({ apiVersion, kind });
    await patchMerge({ transport: this.transport, resource, name, namespace, patch, manager });
  }

  async delete(apiVersion: string, kind: string, name: string, namespace?: string): Promise<void> {
    await deleteObject({
      transport: this.transport,
      resource: await this.#resource({ apiVersion, kind }),
      name,
      namespace,
    });
  }

  async untilGone(apiVersion: string, kind: string, name: string, namespace?: string): Promise<void> {
    const isGone = async (): Promise<true | undefined> =>
      (await this.get(apiVersion, kind, name, namespace)) === undefined ? true : undefined;
    await until(`${kind} ${name} is gone`, isGone, goneWithinMs);
  }

  /** Every object with the labels of a stack, its own and the copies that controllers made of them. */
  async objectsOf(namespace: string, stack: string): Promise<Found[]> {
    this.discovery.invalidate();
    const query = { labelSelector: `${labels.stack}=${stack},${labels.stackNamespace}=${namespace}` };
    const found: Found[] = [];
    for (const resource of await this.discovery.all()) {
      if (!resource.verbs.includes('list')) continue;
      const apiVersion = resource.group === '' ? resource.version : `${resource.group}/${resource.version}`;
      const pages = list(this.transport, { path: resourcePath(resource, {}), query, accept: 'application/json' });
      try {
        for await (const object of pages)
          found.push({ object: { ...object, apiVersion, kind: resource.kind }, resource });
      } catch (error) {
        // The definition went between discovery and the list.
        if (!(error instanceof ApiError && error.status === 404)) throw error;
      }
    }
    return found;
  }

  async #resource(object: { apiVersion: string; kind: string }): Promise<Resource> {
    const version = object.apiVersion.slice(object.apiVersion.indexOf('/') + 1);
    let resource = await this.discovery.resource(groupKindOf(object), version);
    if (resource === undefined) {
      this.discovery.invalidate();
      resource = await until(`the API server serves ${object.kind}`, async () => {
        this.discovery.invalidate();
        return this.discovery.resource(groupKindOf(object), version);
      });
    }
    return resource;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.transport.close();
  }
}

export const kubeconfig = process.env[`PLUMBLINE_TEST_KUBECONFIG_${process.env['JEST_WORKER_ID'] ?? 1}`] ?? '';

/** Connects, and sees to it that Plumbline's own kinds are there. */
export async function cluster(file = kubeconfig): Promise<TestCluster> {
  const config = await loadClusterConfig({ kubeconfig: file });
  const test = new TestCluster(new Transport(config));
  const folder = join(import.meta.dirname, '..', '..', 'charts', 'crds');
  for (const file of await readdir(folder)) await test.apply(await readFile(join(folder, file), 'utf8'));
  await test.get('plumbline.dev/v1alpha1', 'Stack', 'none', 'default');
  return test;
}

/** A namespace of its own for each test; never deleted, the whole server goes in the end. */
export async function testNamespace(test: TestCluster): Promise<string> {
  const name = `t-${randomBytes(4).toString('hex')}`;
  await test.apply(`{apiVersion: v1, kind: Namespace, metadata: {name: ${name}}}`);
  return name;
}

/** Asks again every few milliseconds. @throws when the check gives nothing in time. */
export async function until<T>(what: string, check: () => Promise<T | undefined>, withinMs = 30_000): Promise<T> {
  const started = performance.now();
  for (;;) {
    const found = await check();
    if (found !== undefined) return found;
    if (performance.now() - started > withinMs) throw new Error(`not seen within ${withinMs} ms: ${what}`);
    await sleep(20);
  }
}
