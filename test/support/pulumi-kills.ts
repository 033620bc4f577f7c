/** Kills the engine, its program, its provider or all of them at random points of updates, and compares state and cluster. */
import { readdirSync, readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { annotations } from '#api';
import type { TestCluster } from './cluster.ts';
import type { PulumiRuns } from './pulumi-runs.ts';
import { SeededRandom } from './random.ts';

const victims = ['engine', 'program', 'provider', 'run', 'all'] as const;
export type Victim = (typeof victims)[number];

/** Resources whose number, content and names change from run to run: some are named by Pulumi, some are replaced. */
const program = `
const k8s = require('@pulumi/kubernetes');
const { namespace, count, generation } = JSON.parse(process.env.SHAPE);
for (let n = 0; n < count; n += 1) {
  const metadata = n % 3 === 0 ? { namespace } : { namespace, name: 'fixed-' + n };
  new k8s.core.v1.ConfigMap('map-' + n, { metadata, data: { generation: String(generation) } });
}
for (let n = 0; n < 3; n += 1) {
  new k8s.core.v1.ConfigMap('moving-' + n, { metadata: { namespace, name: 'moving-' + n + '-' + generation } });
}
`;

interface Shape {
  readonly count: number;
  readonly generation: number;
}

export interface KillResult {
  readonly victim: Victim;
  /** Undefined when the run ended before the kill. */
  readonly failed: string | undefined;
}

export class PulumiKills {
  readonly #world: TestCluster;
  readonly #runs: PulumiRuns;
  readonly #random: SeededRandom;
  #generation = 0;

  private constructor(world: TestCluster, runs: PulumiRuns, seed: number) {
    this.#world = world;
    this.#runs = runs;
    this.#random = new SeededRandom(seed);
  }

  static async begin(world: TestCluster, runs: PulumiRuns, seed: number): Promise<PulumiKills> {
    await runs.write({ 'index.js': program });
    return new PulumiKills(world, runs, seed);
  }

  #shape(): Shape {
    this.#generation += 1;
    return { count: 6 + this.#random.between(0, 12), generation: this.#generation };
  }

  async #up(shape: Shape, onStep: () => void = () => undefined): Promise<void> {
    const { namespace } = this.#runs;
    await this.#runs.run(
      'up',
      { environment: { SHAPE: JSON.stringify({ namespace, ...shape }) } },
      { onEvent: (event) => void (event.kind === 'step' && onStep()) },
    );
  }

  /** One update with other resources than before, of which one process is killed at a random step. */
  async kill(): Promise<KillResult> {
    const victim = this.#random.pick(victims);
    const at = this.#random.between(1, 17);
    let steps = 0;
    const hit = (): void => {
      steps += 1;
      if (steps === at) for (const pid of this.#pids(victim)) end(pid);
    };
    const failed = await this.#up(this.#shape(), hit).then(
      () => undefined,
      (error: unknown) => String(error),
    );
    return { victim, failed };
  }

  /** An update that nobody disturbs. @throws what makes it fail */
  async settle(): Promise<void> {
    await this.#up(this.#shape());
  }

  /** Differences between state and cluster, one line each. */
  async differences(): Promise<string[]> {
    const stored = await this.#stored();
    const { body } = await this.#world.transport.request<{ items: { metadata: Metadata; data?: unknown }[] }>({
      method: 'GET',
      path: `/api/v1/namespaces/${this.#runs.namespace}/configmaps`,
    });
    const live = new Map(
      body.items
        .filter(({ metadata }) => metadata.name !== 'kube-root-ca.crt')
        .map((item) => [`${this.#runs.namespace}/${item.metadata.name}`, item]),
    );
    const lines = stored.pending.map((urn) => `pending: ${urn}`);
    for (const { id, urn, inputs } of stored.resources) {
      const found = live.get(id);
      live.delete(id);
      if (found === undefined) lines.push(`missing in the cluster: ${id}`);
      else if (found.metadata.annotations?.[annotations.urn] !== urn) lines.push(`of another resource: ${id}`);
      else if (JSON.stringify(found.data) !== JSON.stringify(inputs.data)) lines.push(`other content: ${id}`);
    }
    const twice = stored.resources.map(({ urn }) => urn).filter((urn, index, all) => all.indexOf(urn) !== index);
    return [...lines, ...twice.map((urn) => `twice: ${urn}`), ...[...live.keys()].map((id) => `orphan: ${id}`)];
  }

  async #stored(): Promise<{ resources: Stored[]; pending: string[] }> {
    const file = join(this.#runs.folder, 'state', '.pulumi', 'stacks', 'shop', 'dev.json');
    const { checkpoint } = JSON.parse(await readFile(file, 'utf8')) as Checkpoint;
    const { resources = [], pending_operations: pending = [] } = checkpoint.latest;
    return {
      resources: resources.filter(({ type }) => type.startsWith('kubernetes:')),
      pending: pending.map(({ resource }) => resource.urn),
    };
  }

  /** Processes of the run in hand, by what they are. */
  #pids(victim: Victim): number[] {
    const marks: Readonly<Record<Victim, RegExp>> = {
      engine: /^pulumi\0up/,
      program: /cmd\/run/,
      provider: /plugins\/kubernetes\/main/,
      run: /run\/child\.ts/,
      all: /./,
    };
    return readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
      .map(Number)
      .filter((pid) => {
        try {
          const ours = readFileSync(`/proc/${pid}/environ`, 'utf8').includes(`HOME=${this.#runs.folder}/data/runs`);
          return ours && marks[victim].test(readFileSync(`/proc/${pid}/cmdline`, 'utf8'));
        } catch {
          // It ended while it was looked at.
          return false;
        }
      });
  }
}

interface Metadata {
  readonly name: string;
  readonly annotations?: Readonly<Record<string, string>>;
}

interface Stored {
  readonly urn: string;
  readonly id: string;
  readonly type: string;
  readonly inputs: { readonly data?: unknown };
}

interface Checkpoint {
  readonly checkpoint: {
    readonly latest: {
      readonly resources?: readonly Stored[];
      readonly pending_operations?: readonly { readonly resource: Stored }[];
    };
  };
}

function end(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It ended by itself.
  }
}
