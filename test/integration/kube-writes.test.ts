import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { KubeObject } from '#kube';
import { KubeBench, soon } from './kube-bench.ts';

const names = ['a', 'b', 'c'];

type Step =
  | { readonly do: 'write' | 'fail' | 'note' | 'remove'; readonly name: string; readonly value: number }
  | { readonly do: 'cut' | 'expire' | 'settle' };

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({ do: fc.constantFrom('write', 'note'), name: fc.constantFrom(...names), value: fc.nat(3) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constantFrom('fail', 'remove'), name: fc.constantFrom(...names), value: fc.nat(3) }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom('cut', 'expire', 'settle') }) },
);

const expired = JSON.stringify({ type: 'ERROR', object: { kind: 'Status', code: 410, message: 'too old' } });
/** Several cuts in a row: the back-off of the watch, doubled each time, in ms. */
const slowest = 45_000;
/** Only this test compares versions: the API server that it runs against counts them up. */
const number = (version: string | undefined): number => Number(version ?? 0);

/** Writes through the cache, and looks at what the cache shows when the answer is there. */
async function write(bench: KubeBench, name: string, value: number): Promise<void> {
  let answer: KubeObject | undefined;
  await bench.cache.write(bench.key(name), async () => (answer = await bench.put(name, `${value}`)));
  const shown = bench.cache.get(bench.key(name));
  const wrote = number(answer?.metadata.resourceVersion);
  if (shown !== undefined && number(shown.version) < wrote) throw new Error(`${name}: ${shown.version} after ${wrote}`);
}

/** A write that the API server carried out, and whose answer was lost. */
async function fail(bench: KubeBench, name: string, value: number): Promise<void> {
  const send = async (): Promise<KubeObject> => {
    await bench.put(name, `${value}`);
    throw new Error('lost');
  };
  await bench.cache.write(bench.key(name), send).catch(() => undefined);
}

async function play(bench: KubeBench, one: Step): Promise<void> {
  switch (one.do) {
    case 'write':
      return write(bench, one.name, one.value);
    case 'fail':
      return fail(bench, one.name, one.value);
    case 'note':
      return void (await bench.note(one.name, `${one.value}`).catch(() => undefined));
    case 'remove':
      return bench.remove(one.name);
    case 'settle':
      return new Promise((resolve) => setTimeout(resolve, 5));
    case 'cut':
      return bench.proxy.endWatches();
    case 'expire':
      return bench.proxy.endWatches(expired);
  }
}

/** The versions of an object, told one after the other, only rise. */
function rises(bench: KubeBench): void {
  for (const { key, old, now } of bench.told) {
    if (old === undefined || now === undefined) continue;
    if (number(now.version) <= number(old.version)) throw new Error(`${key}: ${now.version} after ${old.version}`);
  }
}

test('the cache never shows less than the answer of a write, and agrees with the API server in the end', async () => {
  await using bench = await KubeBench.open();
  await bench.cache.start();
  await fc.assert(
    fc.asyncProperty(fc.array(fc.array(step, { minLength: 1, maxLength: 5 }), { maxLength: 8 }), async (rounds) => {
      for (const round of rounds) await Promise.all(round.map((one) => play(bench, one)));
      await bench.agrees(slowest);
      bench.chain();
      rises(bench);
    }),
    { numRuns: 40, endOnFailure: true },
  );
}, 180_000);

test('an apply that changes nothing holds back no later event', async () => {
  await using bench = await KubeBench.open();
  await bench.put('a', '1');
  await bench.cache.start();
  await write(bench, 'a', 1);
  await bench.note('a', 'foreign');
  await bench.agrees();
});

/** Makes the watch deaf, does the work, and has the cache list again before it goes on. */
async function unheard(bench: KubeBench, work: () => Promise<unknown>): Promise<void> {
  bench.proxy.fault = (_method, url) => (url.includes('watch=true') ? { silent: true } : undefined);
  bench.proxy.endWatches();
  await soon('the deaf watch is open', () => bench.proxy.openWatches > 0);
  await work();
  await bench.put('marker', String(bench.relists));
  bench.proxy.fault = () => undefined;
  bench.proxy.endWatches(expired);
  await soon('the list is complete', () => bench.cache.get(bench.key('marker'))?.value === String(bench.relists - 1));
}

test('a write that meets a relist and a foreign change goes by the newer of the two', async () => {
  await using bench = await KubeBench.open();
  await bench.put('a', '1');
  await bench.cache.start();
  await bench.cache.write(bench.key('a'), async () => {
    let answer: KubeObject | undefined;
    await unheard(bench, async () => {
      answer = await bench.put('a', '2');
      await bench.note('a', 'foreign');
    });
    if (answer === undefined) throw new Error('not sent');
    return answer;
  });
  await bench.agrees();
  await bench.put('a', '3');
  await bench.agrees();
  bench.chain();
});

test('a write whose object was deleted before a relist leaves no ghost', async () => {
  await using bench = await KubeBench.open();
  await bench.cache.start();
  await bench.cache.write(bench.key('a'), async () => {
    let answer: KubeObject | undefined;
    await unheard(bench, async () => {
      answer = await bench.put('a', '2');
      await bench.remove('a');
    });
    if (answer === undefined) throw new Error('not sent');
    return answer;
  });
  await bench.agrees();
  expect(bench.cache.get(bench.key('a'))).toBeUndefined();
});

test('a write that meets a relist and a deletion leaves no ghost', async () => {
  await using bench = await KubeBench.open();
  await bench.cache.start();
  const relists = bench.relists;
  await bench.cache.write(bench.key('a'), async () => {
    const answer = await bench.put('a', '2');
    await bench.remove('a');
    bench.proxy.endWatches(expired);
    await soon('it has listed again', () => bench.relists > relists);
    return answer;
  });
  await bench.agrees();
  expect(bench.cache.get(bench.key('a'))).toBeUndefined();
});
