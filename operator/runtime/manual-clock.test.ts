import { expect, test } from '@jest/globals';
import { ManualClock } from './manual-clock.ts';

test('timers fire in the order of time, each at its own', async () => {
  const clock = new ManualClock(1000);
  const seen: [string, number][] = [];
  clock.after(20, () => seen.push(['b', clock.now()]));
  clock.after(10, () => {
    seen.push(['a', clock.now()]);
    clock.after(5, () => seen.push(['a, later', clock.now()]));
  });
  await clock.advance(100);
  expect(seen).toEqual([
    ['a', 1010],
    ['a, later', 1015],
    ['b', 1020],
  ]);
  expect(clock.now()).toBe(1100);
});

test('a cancelled timer does not fire, and an aborted sleep rejects with the reason', async () => {
  const clock = new ManualClock();
  const stop = new AbortController();
  const reason = new Error('stop');
  clock.after(10, () => expect('called').toBe('never'))();
  const slept = clock.sleep(10, { signal: stop.signal });
  stop.abort(reason);
  await expect(slept).rejects.toBe(reason);
  await clock.advance(20);
});
