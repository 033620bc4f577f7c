/** The disk of the operator's data is full when a run is to begin. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { cluster, PulumiRuns, SmallDisk, type TestCluster } from '#testing';

let world: TestCluster;
let disk: SmallDisk;
let runs: PulumiRuns;

beforeAll(async () => {
  world = await cluster();
  disk = await SmallDisk.mount(32);
  runs = await PulumiRuns.create(world, { folder: disk.folder });
});
afterAll(async () => {
  await runs[Symbol.asyncDispose]();
  await disk[Symbol.asyncDispose]();
  await world[Symbol.asyncDispose]();
});

test('a run says so in a sentence, and leaves nothing', async () => {
  await runs.write({ 'index.js': `require('@pulumi/kubernetes');` });
  await disk.fill();
  await expect(runs.run('up')).rejects.toMatchObject({
    reason: 'DiskFull',
    message: expect.stringMatching(
      /^\.: the disk is full, so the run could not write its files or its state; give the operator's data/,
    ) as unknown,
  });
  await disk.free();
  expect(await readdir(join(runs.folder, 'data', 'runs'))).toEqual([]);
});
