/** The GitSource `source` of a platform: written, waited for, asked what it says. */
import type { GitSource } from '#api';
import { until } from './cluster.ts';
import type { Platform } from './platform.ts';

const apiVersion = 'plumbline.dev/v1alpha1';

export class TestSource {
  readonly #platform: Platform;

  constructor(platform: Platform) {
    this.#platform = platform;
  }

  /** Creates or changes it; `spec` is flow YAML beside url, interval and timeout, which it may name too. */
  async write(spec: string, url = this.#platform.git.url): Promise<void> {
    const { namespace } = this.#platform;
    const interval = spec.includes('interval:') ? '' : 'interval: 10m, ';
    const timeout = spec.includes('timeout:') ? '' : 'timeout: 20s, ';
    await this.#platform.cluster.apply(
      `{apiVersion: ${apiVersion}, kind: GitSource, metadata: {name: source, namespace: ${namespace}}, spec: {url: "${url}", ${interval}${timeout}${spec}}}`,
    );
  }

  async delete(): Promise<void> {
    await this.#platform.cluster.delete(apiVersion, 'GitSource', 'source', this.#platform.namespace);
  }

  get(): Promise<(GitSource & { apiVersion: string; kind: string }) | undefined> {
    return this.#platform.cluster.get<never>(apiVersion, 'GitSource', 'source', this.#platform.namespace);
  }

  /** The source, once it is Ready at the commit. */
  at(commit: string): Promise<GitSource> {
    return this.#until(`the source is at ${commit.slice(0, 8)}`, (source) =>
      source.status?.artifact?.commit === commit && readyOf(source)?.status === 'True' ? source : undefined,
    );
  }

  /** What it says, once it fails for the reason. */
  fails(reason: string): Promise<string> {
    return this.#until(`the source fails with ${reason}`, (source) => {
      const condition = readyOf(source);
      return condition?.status === 'False' && condition.reason === reason ? condition.message : undefined;
    });
  }

  /** Creates or changes a Secret beside it. */
  async secret(name: string, entries: Readonly<Record<string, string>>): Promise<void> {
    const { namespace } = this.#platform;
    await this.#platform.cluster.apply(
      JSON.stringify({ apiVersion: 'v1', kind: 'Secret', metadata: { name, namespace }, stringData: entries }),
    );
  }

  #until<T>(what: string, check: (source: GitSource) => T | undefined): Promise<T> {
    return until(what, async () => {
      const source = await this.get();
      return source === undefined ? undefined : check(source);
    }).catch(async (error: unknown) => {
      throw new Error(`${String(error)}; it says ${JSON.stringify((await this.get())?.status)}`);
    });
  }
}

const readyOf = ({ metadata, status }: GitSource): { status: string; reason: string; message: string } | undefined =>
  status?.conditions?.find(
    ({ type, observedGeneration }) => type === 'Ready' && observedGeneration === metadata.generation,
  );
