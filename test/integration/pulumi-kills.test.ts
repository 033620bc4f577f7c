/** The engine, its program, its provider or all of them are killed in the middle of updates; PLUMBLINE_KILLS and PLUMBLINE_SEED choose how often. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { cluster, PulumiKills, PulumiRuns, type KillResult, type TestCluster } from '#testing';

const kills = Number(process.env['PLUMBLINE_KILLS'] ?? 10);
const seed = Number(process.env['PLUMBLINE_SEED'] ?? 7);

let world: TestCluster;
let runs: PulumiRuns;

beforeAll(async () => {
  world = await cluster();
  runs = await PulumiRuns.create(world);
});
afterAll(async () => {
  await runs[Symbol.asyncDispose]();
  await world[Symbol.asyncDispose]();
});

test(
  `after ${kills} kills state and cluster agree, without an orphan, a duplicate or a pending operation (seed ${seed})`,
  async () => {
    const killing = await PulumiKills.begin(world, runs, seed);
    const results: KillResult[] = [];
    for (let n = 1; n <= kills; n += 1) {
      results.push(await killing.kill());
      // Under the Lease no other run is alive: the state room does the same.
      await rm(join(runs.folder, 'state', '.pulumi', 'locks'), { recursive: true, force: true });
      if (n % 10 !== 0 && n !== kills) continue;
      await killing.settle().catch((error: unknown) => {
        throw new Error(`${String(error)}; after ${JSON.stringify(results.slice(-10))}`);
      });
      expect({ after: results.slice(-10), differences: await killing.differences() }).toMatchObject({
        differences: [],
      });
    }
    expect(results.filter(({ failed }) => failed !== undefined).length).toBeGreaterThan(kills / 2);
  },
  kills * 60_000,
);
