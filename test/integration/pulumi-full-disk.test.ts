/** The disk of the operator's data is full when a run is to begin, or from the middle of it on: it says so, and loses no state. */
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { readdirSync, rmSync } from 'node:fs';
import { mkdir, readdir, rename, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createLog, systemClock, type Clock } from '#runtime';
import { createStateStore, type StateSession } from '#state';
import type { RunEvent } from '#run';
import { cluster, PulumiRuns, SmallDisk, type TestCluster } from '#testing';
import { checkpoint } from '../support/pulumi.ts';

let world: TestCluster;
let disk: SmallDisk;
let runs: PulumiRuns;
let timeIsUp = (): void => undefined;

/** Of a run whose time is up when the test says so. */
const timeout = 123_456;
const clock: Clock = {
  ...systemClock,
  after: (ms, callback) => {
    if (ms !== timeout) return systemClock.after(ms, callback);
    timeIsUp = callback;
    return () => undefined;
  },
};

beforeAll(async () => {
  world = await cluster();
  disk = await SmallDisk.mount(32);
  runs = await PulumiRuns.create(world, { folder: disk.folder, clock });
});
afterEach(async () => disk.free());
afterAll(async () => {
  await runs[Symbol.asyncDispose]();
  await disk[Symbol.asyncDispose]();
  await world[Symbol.asyncDispose]();
});

const told = {
  reason: 'DiskFull',
  message: expect.stringMatching(
    /^\S+: the disk is full, so the run could not write its files or its state; give the operator's data/,
  ) as unknown,
};

test('a run says so in a sentence, and leaves nothing', async () => {
  await runs.write({ 'index.js': `require('@pulumi/kubernetes');` });
  disk.fill();
  await expect(runs.run('up')).rejects.toMatchObject(told);
  expect(await readdir(join(runs.folder, 'data', 'runs'))).toEqual([]);
});

/** Makes one ConfigMap, and another as soon as the file `hold` is gone. */
const program = (name: string): string => `
const { existsSync } = require('node:fs');
const { setTimeout } = require('node:timers/promises');
const { core } = require('@pulumi/kubernetes');
const make = (name) => new core.v1.ConfigMap(name, { metadata: { name, namespace: '${runs.namespace}' } });
make('${name}-1');
module.exports = (async () => {
  while (existsSync('hold')) await setTimeout(50);
  make('${name}-2');
})();
`;

/** Fills the disk at the first step of a run, and then does the rest. */
function fillsAtFirstStep(rest: () => void): (event: RunEvent) => void {
  let filled = false;
  return ({ kind }) => {
    if (kind !== 'step' || filled) return;
    filled = true;
    disk.fill();
    rest();
  };
}

test('a run that has begun says so, too, also when the engine waits for room until its time is up', async () => {
  await runs.write({ hold: '', 'index.js': program('begun') });
  const folder = join(runs.folder, 'data', 'runs');
  const onEvent = fillsAtFirstStep(() => {
    for (const name of readdirSync(folder)) rmSync(join(folder, name, 'tree', 'hold'));
    // It tries to write its state ten times, in 35 s, or gives up at once when it is another file that it cannot write.
    systemClock.after(4000, () => timeIsUp());
  });
  const limits = { timeoutMs: timeout };
  await expect(runs.run('up', { limits }, { onEvent })).rejects.toMatchObject(told);
});

test('a run whose time is up on a full disk says so, though nobody said a word of it', async () => {
  await runs.write({ hold: '', 'index.js': program('waiting') });
  const onEvent = fillsAtFirstStep(() => timeIsUp());
  const limits = { timeoutMs: timeout, graceMs: 100 };
  await expect(runs.run('up', { pulumiStack: 'waiting', limits }, { onEvent })).rejects.toMatchObject(told);
});

const log = createLog({ level: 'error', clock: systemClock });
const { signal } = new AbortController();

/** Of a stack of its own, for an operator whose data is in the folder. */
function states(): { open: (folder?: string) => Promise<StateSession> } {
  const { transport } = world;
  const name = `shop-${randomUUID().slice(0, 8)}`;
  const disks = join(disk.folder, name);
  return {
    open: (folder = disks) =>
      createStateStore({ transport, clock: systemClock, log, identity: folder, folder }).open(
        { namespace: runs.namespace, name },
        { backend: undefined, signal },
      ),
  };
}

async function engineWrites({ backend }: StateSession, text: string): Promise<void> {
  const file = join(fileURLToPath(backend.url), '.pulumi', 'stacks', 'shop', 'dev.json');
  await mkdir(dirname(file), { recursive: true });
  await writeFile(`${file}.tmp`, text);
  await rename(`${file}.tmp`, file);
}

const countOf = async (session: StateSession): Promise<number> => (await session.resources()).length;

test('a state for which there is no room on the disk is told of as such', async () => {
  const { open } = states();
  disk.fill();
  await expect(open()).rejects.toMatchObject(told);
});

test('what the engine still wrote to a full disk is in the cluster, whatever has room on the disk', async () => {
  const { open } = states();
  {
    await using session = await open();
    await engineWrites(session, checkpoint(3));
    disk.fill();
  }
  await disk.free();
  await using session = await open();
  expect(await countOf(session)).toBe(3);
});

test('half a state is never taken for one: the last whole one counts, in the run, in the next, and in the cluster', async () => {
  const { open } = states();
  const half = checkpoint(5).slice(0, -100);
  {
    await using session = await open();
    await engineWrites(session, checkpoint(3));
  }
  {
    await using session = await open();
    await engineWrites(session, half);
    expect(await countOf(session)).toBe(3);
  }
  {
    await using session = await open(join(runs.folder, 'other-node'));
    expect(await countOf(session)).toBe(3);
  }
  await using session = await open();
  expect(await countOf(session)).toBe(3);
});

test('half of the first state that ever was keeps nobody from beginning anew', async () => {
  const { open } = states();
  {
    await using session = await open();
    await engineWrites(session, checkpoint(3).slice(0, -100));
  }
  await using session = await open();
  expect(await countOf(session)).toBe(0);
});
