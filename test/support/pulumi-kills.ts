/** Kills the engine, its program, its provider or all of them at random points of updates, and compares state and cluster. */
import type { TestCluster } from './cluster.ts';
import { differencesOf } from './pulumi-agreement.ts';
import type { PulumiRuns } from './pulumi-runs.ts';
import { killProcesses, victims, type Victim } from './pulumi-victims.ts';
import { SeededRandom } from './random.ts';

/**
 * Resources whose number, content and names change from run to run: some are named by Pulumi, some are replaced, some
 * with what depends on them, some are changed in place, and go back to what they were.
 */
const program = `
const k8s = require('@pulumi/kubernetes');
const { namespace, count, generation } = JSON.parse(process.env.SHAPE);
for (let n = 0; n < count; n += 1) {
  const metadata = n % 3 === 0 ? { namespace } : { namespace, name: 'fixed-' + n };
  const map = new k8s.core.v1.ConfigMap('map-' + n, { metadata, data: { generation: String(generation) } });
  if (n % 5 === 2)
    new k8s.core.v1.ConfigMap('of-' + n, { metadata: { namespace, name: 'of-' + n }, data: { of: map.metadata.uid } });
}
for (let n = 0; n < 3; n += 1) {
  new k8s.core.v1.ConfigMap('moving-' + n, { metadata: { namespace, name: 'moving-' + n + '-' + generation } });
  const labels = { generation: String((generation >> n) % 2) };
  new k8s.core.v1.ConfigMap('kept-' + n, { metadata: { namespace, name: 'kept-' + n, labels } });
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
      { environment: { SHAPE: JSON.stringify({ namespace, ...shape }) }, limits: { timeoutMs: 300_000 } },
      { onEvent: (event) => void (event.kind === 'step' && onStep()) },
    );
  }

  /** One update with other resources than before, of which one process is killed at a random step. */
  async kill(): Promise<KillResult> {
    const victim = this.#random.pick(victims);
    const at = this.#random.between(1, 60);
    let steps = 0;
    const hit = (): void => {
      steps += 1;
      if (steps === at) killProcesses(this.#runs, victim);
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
  differences(): Promise<string[]> {
    return differencesOf(this.#world, this.#runs);
  }
}
