import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { createLog, systemClock } from '#runtime';
import { createStateStore } from '#state';
import { temporaryFolder } from '#toolchain';
import { cluster, testNamespace, type TestCluster } from '#testing';
import type { StateSession } from '#state';
import { deployment, PulumiDesk, urnOf } from '../support/pulumi.ts';

let server: TestCluster;
let stack: { namespace: string; name: string };
let folder: string;
let desk: PulumiDesk;

beforeEach(async () => {
  server = await cluster();
  stack = { namespace: await testNamespace(server), name: 'shop' };
  folder = await temporaryFolder('state');
  desk = await PulumiDesk.create();
}, 60_000);
afterEach(async () => server[Symbol.asyncDispose]());

const store = (identity = 'first', at = folder) =>
  createStateStore({
    transport: server.transport,
    clock: systemClock,
    log: createLog({ level: 'warn', clock: systemClock }),
    identity,
    folder: at,
  });

const exported = ({ backend }: StateSession): Promise<string> => desk.run(backend, ['stack', 'export', '-s', 'dev']);

const { signal } = new AbortController();
const open = (by = store()): Promise<StateSession> => by.open(stack, { backend: undefined, signal });

test('what the real pulumi writes during a run is there for another operator without that disk', async () => {
  {
    await using session = await open();
    await desk.run(session.backend, ['stack', 'init', 'dev']);
    await desk.run(session.backend, ['stack', 'tag', 'set', 'team', 'shop']);
    await desk.run(session.backend, ['stack', 'import'], deployment(await exported(session), 3));
  }
  await rm(folder, { recursive: true });
  await using session = await open(store('second', join(folder, 'elsewhere')));
  expect((await session.resources()).map(({ urn }) => urn)).toEqual([0, 1, 2].map(urnOf));
  expect(await desk.run(session.backend, ['stack', 'tag', 'get', 'team', '-s', 'dev'])).toBe('shop\n');
  expect(JSON.parse(await exported(session))).toMatchObject({ version: 3, deployment: { resources: { length: 3 } } });
}, 60_000);
