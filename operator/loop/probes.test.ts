import { request } from 'node:http';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { createMetrics, type Metrics } from '#runtime';
import { startProbes, type Probes } from './probes.ts';

let metrics: Metrics;
let probes: Probes;
let ready: () => boolean;

beforeEach(async () => {
  metrics = createMetrics();
  ready = () => true;
  probes = await startProbes({
    address: '127.0.0.1:0',
    metrics,
    ready: () => ready(),
    refresh: () => metrics.cachedObjects.set({ kind: 'Stack' }, 7),
  });
});
afterEach(() => probes.stop());

/** As it is written, without what fetch would tidy. */
const get = (path: string): Promise<{ status: number | undefined; text: string }> =>
  new Promise((resolve, reject) => {
    request({ host: '127.0.0.1', port: probes.port, path }, (response) => {
      let text = '';
      response.on('data', (piece: Buffer) => (text += piece.toString()));
      response.on('end', () => resolve({ status: response.statusCode, text }));
    })
      .on('error', reject)
      .end();
  });

test.each([
  ['/healthz', 200],
  ['/readyz', 200],
  ['/readyz?verbose', 200],
  ['/', 404],
  ['//', 404],
  ['/%', 404],
])('%s answers %i', async (path, status) => {
  expect((await get(path)).status).toBe(status);
});

test('not ready is 503, and alive all the same', async () => {
  ready = () => false;
  expect((await get('/readyz')).status).toBe(503);
  expect((await get('/healthz')).status).toBe(200);
});

test('a question that throws is an answer, and the next one is heard', async () => {
  ready = () => {
    throw new Error('boom');
  };
  expect(await get('/readyz')).toMatchObject({ status: 500, text: 'Error: boom' });
  expect((await get('/healthz')).status).toBe(200);
});

test('metrics carry our names, with gauges as they are now', async () => {
  metrics.reconciles.inc({ kind: 'Stack', result: 'settled' });
  metrics.apiRequests.inc({ verb: 'GET', code: '200' });
  const { text } = await get('/metrics');
  expect(text).toContain('plumbline_reconcile_total{kind="Stack",result="settled"} 1');
  expect(text).toContain('plumbline_api_requests_total{verb="GET",code="200"} 1');
  expect(text).toContain('plumbline_cached_objects{kind="Stack"} 7');
  for (const name of ['queue_depth', 'reconcile_duration_seconds', 'applied_objects_total', 'drift_found_total'])
    expect(text).toContain(`# TYPE plumbline_${name} `);
  for (const name of ['drift_healed_total', 'ready', 'behind_git_seconds'])
    expect(text).toContain(`# TYPE plumbline_${name} `);
});

test('an address that is taken is an error', async () => {
  await expect(startProbes({ address: `127.0.0.1:${probes.port}`, metrics, ready })).rejects.toMatchObject({
    code: 'EADDRINUSE',
  });
});
