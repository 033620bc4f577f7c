import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { applyObject, Discovery, Transport, WatchCache, type KubeObject, type Resource } from '#kube';
import { createLog, systemClock } from '#runtime';
import { until } from '#testing';
import { startControlPlane, type ControlPlane } from '#toolchain';

let plane: ControlPlane;
beforeAll(async () => {
  plane = await startControlPlane({ folder: await mkdtemp(join(tmpdir(), 'plumbline-restart-')) });
}, 60_000);
afterAll(() => plane.stop());

const put = async (transport: Transport, resource: Resource, value: string): Promise<KubeObject> => {
  const metadata = { name: 'a', namespace: 'default' };
  const object = { apiVersion: 'v1', kind: 'ConfigMap', metadata, data: { value } };
  return (await applyObject({ transport, resource, object, force: true })).object;
};

test('watches and requests go on over a restart of the API server, and nothing is told twice', async () => {
  const transport = new Transport(plane.adminConfig);
  const resource = await new Discovery(transport).resource({ group: '', kind: 'ConfigMap' });
  if (resource === undefined) throw new Error('ConfigMaps are not served');
  const log = createLog({ level: 'error', clock: systemClock });
  const reduce = ({ metadata }: KubeObject): string => metadata.resourceVersion ?? '';
  await using cache = new WatchCache({ transport, resource, namespace: 'default', reduce, clock: systemClock, log });
  const told: string[] = [];
  cache.subscribe(({ type, key, new: now }) => key === 'default/a' && told.push(`${type} ${now}`));
  await cache.start();
  const first = await put(transport, resource, '1');
  // The watch must have told it, or the restart may make one event of the two.
  await until('the first write is told', () => Promise.resolve(told.length === 1 || undefined));
  await plane.stopApiServer();
  const starting = plane.startApiServer();
  const second = await until(
    'the write went through',
    () => put(transport, resource, '2').catch(() => undefined),
    30_000,
  );
  await starting;
  const version = second.metadata.resourceVersion ?? '';
  await until('the watch goes on', () => Promise.resolve(cache.get('default/a') === version || undefined), 30_000);
  expect(told).toEqual([`added ${first.metadata.resourceVersion}`, `modified ${version}`]);
  await transport.close();
}, 60_000);
