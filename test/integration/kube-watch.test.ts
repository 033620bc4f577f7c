import { expect, test } from '@jest/globals';
import { KubeBench, soon } from './kube-bench.ts';

const isWatch = (url: string): boolean => url.includes('watch=true');
const types = (bench: KubeBench, name: string): string[] =>
  bench.told.filter(({ key }) => key === bench.key(name)).map(({ type, now }) => `${type} ${now?.value ?? '-'}`);

test('added, modified and deleted are told once each, with multi-byte text in pieces of one byte', async () => {
  await using bench = await KubeBench.open();
  bench.proxy.fault = () => ({ pieces: 1 });
  await bench.put('before', 'größe 🪨');
  await bench.cache.start();
  await bench.put('a', 'ä€😀');
  await bench.put('a', '二');
  await bench.remove('a');
  await soon('it is gone', () => types(bench, 'a').length === 3);
  expect(types(bench, 'before')).toEqual(['added größe 🪨']);
  expect(types(bench, 'a')).toEqual(['added ä€😀', 'modified 二', 'deleted -']);
});

test('a stream that is cut in the middle of an event goes on where it was, without a relist', async () => {
  await using bench = await KubeBench.open();
  await bench.cache.start();
  for (let round = 0; round < 10; round += 1) {
    await Promise.all(['a', 'b', 'c'].map((name) => bench.put(name, `${round}`)));
    bench.proxy.endWatches();
    if (round % 3 === 2) await bench.remove('b');
  }
  await bench.agrees();
  bench.chain();
  expect(types(bench, 'a')).toEqual(
    [0, 1, 2, 3, 4, 5, 6, 7, 8, 9].map((n) => `${n === 0 ? 'added' : 'modified'} ${n}`),
  );
  expect(bench.relists).toBe(1);
});

test('a stream that is cut after any number of bytes loses and doubles nothing', async () => {
  await using bench = await KubeBench.open();
  await bench.cache.start();
  let cut = 0;
  bench.proxy.fault = (_method, url) => (isWatch(url) && (cut += 1) < 8 ? { cutAfter: 97 * cut } : undefined);
  bench.proxy.endWatches();
  for (let n = 0; n < 10; n += 1) await bench.put('a', String(n));
  // Seven cuts in a row that bring nothing wait 31 s at the most (watch-retry.ts): slow is right here, lost is not.
  await bench.agrees(120_000);
  bench.chain();
  expect(types(bench, 'a')).toHaveLength(10);
}, 180_000);

test('410 in the stream leads to one relist, and only what changed meanwhile is told', async () => {
  await using bench = await KubeBench.open();
  await Promise.all(['same', 'changed', 'gone'].map((name) => bench.put(name, '1')));
  await bench.cache.start();
  await soon('the watch is open', () => bench.proxy.openWatches > 0);
  bench.proxy.fault = (_method, url) => (isWatch(url) ? { silent: true } : undefined);
  bench.proxy.endWatches();
  await soon('the silent watch is open', () => bench.proxy.openWatches > 0);
  await bench.put('changed', '2');
  await bench.remove('gone');
  await bench.put('new', '1');
  const before = bench.told.length;
  bench.proxy.fault = () => undefined;
  const status = { kind: 'Status', code: 410, reason: 'Expired', message: 'too old resource version' };
  bench.proxy.endWatches(JSON.stringify({ type: 'ERROR', object: status }));
  await bench.agrees();
  const told = bench.told
    .slice(before)
    .map(({ type, key }) => `${type} ${key.slice(bench.namespace.length + 1)}`)
    // The controller manager makes this one when it gets to it.
    .filter((event) => !event.endsWith(' kube-root-ca.crt'));
  expect(told.sort()).toEqual(['added new', 'deleted gone', 'modified changed']);
  expect(bench.relists).toBe(2);
});

test('an API server that has no streaming lists is asked page by page, and objects have their kind', async () => {
  await using bench = await KubeBench.open();
  bench.proxy.fault = (_method, url) =>
    url.includes('sendInitialEvents') ? { refuse: { status: 422, body: '{}' } } : undefined;
  await Promise.all(Array.from({ length: 7 }, (_, n) => bench.put(`a${n}`, '1')));
  await bench.cache.start();
  expect(bench.view()).toEqual(await bench.truth());
  expect(new Set([...bench.cache.entries()].map(([, { kind }]) => kind))).toEqual(new Set(['ConfigMap']));
  await bench.put('a0', '2');
  await bench.agrees();
  bench.chain();
});

test('metadata alone is watched where that is enough, and the kind is that of the object', async () => {
  await using bench = await KubeBench.open({ metadataOnly: true });
  await bench.put('a', '1');
  await bench.cache.start();
  expect(bench.cache.get(bench.key('a'))).toMatchObject({ kind: 'ConfigMap', value: undefined });
  await bench.put('a', '2');
  await bench.agrees();
  expect(bench.cache.get(bench.key('a'))).toMatchObject({ kind: 'ConfigMap', value: undefined });
});

test('an object that leaves the selector is deleted, and one that enters it is added', async () => {
  await using bench = await KubeBench.open({ selector: 'app' });
  await bench.cache.start();
  const write = (value: string, labels: Record<string, string>): Promise<unknown> =>
    bench.cache.write(bench.key('a'), () => bench.put('a', value, labels));
  await write('1', {});
  expect(bench.cache.size).toBe(0);
  await write('1', { app: 'web' });
  expect(bench.cache.get(bench.key('a'))).toMatchObject({ value: '1' });
  await write('1', {});
  await soon('it is gone', () => bench.cache.size === 0);
  await bench.put('a', '2', { app: 'web' });
  await soon('it is back', () => bench.cache.get(bench.key('a')) !== undefined);
  bench.chain();
});

test('a stream that falls silent is opened anew', async () => {
  await using bench = await KubeBench.open({ silenceMs: 500 });
  await bench.cache.start();
  bench.proxy.fault = (_method, url) => (isWatch(url) ? { silent: true } : undefined);
  bench.proxy.endWatches();
  await soon('the silent watch is open', () => bench.proxy.openWatches > 0);
  bench.proxy.fault = () => undefined;
  await bench.put('a', '1');
  await bench.agrees();
  expect(bench.relists).toBe(1);
});

test('watches that end at once are not reopened in a hurry', async () => {
  await using bench = await KubeBench.open();
  await bench.cache.start();
  let opened = 0;
  bench.proxy.fault = (_method, url) => {
    if (!isWatch(url)) return undefined;
    opened += 1;
    return { refuse: { status: 200, body: '' } };
  };
  bench.proxy.endWatches();
  await soon('it has been tried again', () => opened >= 3);
  const soFar = opened;
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(opened - soFar).toBeLessThanOrEqual(1);
  bench.proxy.fault = () => undefined;
  await bench.put('a', '1');
  await bench.agrees();
});
