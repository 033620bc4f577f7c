/** Looks at the cluster for the demo: stacks, deployments, pods, straight from the API server. */
import { ApiError, type KubeObject, type Transport } from '#kube';
import type { Change, Condition, Stack } from '#api';

export class Look {
  readonly #transport: Transport;

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  async get<T>(path: string): Promise<T | undefined> {
    try {
      return (await this.#transport.request<T>({ method: 'GET', path })).body;
    } catch (error) {
      if (error instanceof ApiError && error.status === 404) return undefined;
      throw error;
    }
  }

  stack(name: string): Promise<Stack | undefined> {
    return this.get(`/apis/plumbline.dev/v1alpha1/namespaces/plumbline-system/stacks/${name}`);
  }

  /** The stack once it is Ready, at the commit when one is given. */
  async ready(name: string, commit?: string): Promise<Stack | undefined> {
    const stack = await this.stack(name);
    const ready = condition(stack, 'Ready');
    const there = ready?.status === 'True' && ready.observedGeneration === stack?.metadata.generation;
    return there && (commit === undefined || stack?.status?.applied?.commit === commit) ? stack : undefined;
  }

  async replicas(namespace: string, name: string): Promise<{ wanted: number; ready: number } | undefined> {
    const deployment = await this.get<KubeObject & { spec: { replicas: number }; status?: { readyReplicas?: number } }>(
      `/apis/apps/v1/namespaces/${namespace}/deployments/${name}`,
    );
    return deployment && { wanted: deployment.spec.replicas, ready: deployment.status?.readyReplicas ?? 0 };
  }

  async changes(): Promise<readonly Change[]> {
    const list = await this.get<{ items: Change[] }>(
      '/apis/plumbline.dev/v1alpha1/namespaces/plumbline-system/changes',
    );
    return list?.items ?? [];
  }

  /** How every source and stack stands, a line each. */
  async summary(): Promise<string> {
    const lines: string[] = [];
    for (const plural of ['gitsources', 'stacks']) {
      const list = await this.get<{ items: Stack[] }>(
        `/apis/plumbline.dev/v1alpha1/namespaces/plumbline-system/${plural}`,
      );
      for (const item of list?.items ?? []) {
        const ready = condition(item, 'Ready');
        lines.push(
          `${plural}/${item.metadata.name}: Ready=${ready?.status ?? 'absent'} ${ready?.reason ?? ''}: ${ready?.message ?? ''}`,
        );
      }
    }
    return lines.join('\n');
  }

  /** Edits an object by hand, as `kubectl edit` would. */
  async edit(path: string, patch: unknown, manager: string): Promise<void> {
    await this.#transport.request({
      method: 'PATCH',
      path,
      query: { fieldManager: manager },
      body: patch,
      contentType: 'application/merge-patch+json',
    });
  }
}

export const condition = (stack: Stack | undefined, type: string): Condition | undefined =>
  stack?.status?.conditions?.find((each) => each.type === type);
