/** 20 Pulumi stacks at once, with memory for some of their runs: how many go together, and what they take. */
import { join } from 'node:path';
import { setInterval } from 'node:timers';
import { mebibytes } from '../objects.ts';
import { manyPrograms } from '../pulumi/many.ts';
import { rounded, type Row, type Scenario } from '../report.ts';
import { MemoryWatch } from '../run-processes.ts';
import type { World } from '../world.ts';

const count = 20;
/** MiB for all runs together, as a pod of 2.5 and one of 4.5 GiB would have them. */
const given = [2048, 4096];
/** What the operator keeps for itself of its container. */
const ownMiB = 512;
const everyMs = 250;

/** Looks at the metrics of the operator again and again. */
class Meter implements Disposable {
  runs = 0;
  ownMiB = 0;
  readonly #timer: NodeJS.Timeout;

  constructor(world: World) {
    let looking = false;
    this.#timer = setInterval(() => {
      if (looking) return;
      looking = true;
      void Promise.all([world.operatorMetric('plumbline_pulumi_runs_going'), world.residentBytes()])
        .then(([runs, bytes]) => {
          this.runs = Math.max(this.runs, runs);
          this.ownMiB = Math.max(this.ownMiB, mebibytes(bytes));
        })
        .finally(() => (looking = false));
    }, everyMs);
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }
}

async function crowd(world: World, memoryMiB: number): Promise<Row[]> {
  await world.stopOperator();
  await world.startOperator(`--pulumi-memory=${memoryMiB}`);
  await using many = await manyPrograms(world, `crowd-${memoryMiB}`, { count, typescript: true, interval: '1h' });
  using meter = new Meter(world);
  using watch = new MemoryWatch(join(world.folder, 'data', 'pulumi', 'runs'), everyMs);
  const started = performance.now();
  await many.run();
  const seconds = rounded((performance.now() - started) / 1000, 1);
  return [
    {
      what: `${count} stacks with ${memoryMiB} MiB for runs: all runs together`,
      value: Math.round(watch.peaks.all),
      unit: 'MiB',
      most: memoryMiB,
      from: `${meter.runs} at once; all Ready after ${seconds} s`,
    },
    { what: 'the operator itself meanwhile', value: meter.ownMiB, unit: 'MiB', most: ownMiB },
  ];
}

export const pulumiCrowd: Scenario = {
  name: 'pulumi-crowd',
  about: `${count} Pulumi stacks at once, with ${given.join(' and ')} MiB for their runs`,
  run: async (world) => {
    const rows: Row[] = [];
    for (const memoryMiB of given) rows.push(...(await crowd(world, memoryMiB)));
    await world.stopOperator();
    return rows;
  },
};
