import { expect, test } from '@jest/globals';
import { ManualClock } from './manual-clock.ts';
import { mapBounded } from './map-bounded.ts';

test('results keep the order of the items, and no more than allowed run at once', async () => {
  const clock = new ManualClock();
  let running = 0;
  let most = 0;
  const mapped = mapBounded([30, 10, 20, 5, 1], 2, async (ms) => {
    most = Math.max(most, (running += 1));
    await clock.sleep(ms);
    running -= 1;
    return ms * 2;
  });
  await clock.advance(100);
  expect(await mapped).toEqual([60, 20, 40, 10, 2]);
  expect(most).toBe(2);
});

test('after an error no item is started, and what runs is waited for', async () => {
  const clock = new ManualClock();
  const started: number[] = [];
  let ended = false;
  const mapped = mapBounded([1, 50, 3], 2, async (ms) => {
    started.push(ms);
    await clock.sleep(ms);
    if (ms === 1) throw new Error('boom');
    ended = true;
  });
  const caught = expect(mapped).rejects.toThrow('boom');
  await clock.advance(10);
  expect(ended).toBe(false);
  await clock.advance(100);
  await caught;
  expect([ended, started]).toEqual([true, [1, 50]]);
});

test('an aborted signal starts nothing more and is the reason', async () => {
  const stop = new AbortController();
  const seen: number[] = [];
  const work = async (item: number): Promise<void> => {
    seen.push(item);
    stop.abort(new Error('stop'));
    await Promise.resolve();
  };
  await expect(mapBounded([1, 2, 3], 1, work, { signal: stop.signal })).rejects.toThrow('stop');
  expect(seen).toEqual([1]);
});

test('no items give no results', async () => {
  expect(await mapBounded([], 8, () => Promise.resolve(1))).toEqual([]);
});
