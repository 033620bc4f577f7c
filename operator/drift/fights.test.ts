import { expect, test } from '@jest/globals';
import type { ObjectKey } from '#kube';
import { Fights } from './fights.ts';

const key = 'ConfigMap/shop/a' as ObjectKey;
const other = 'ConfigMap/shop/b' as ObjectKey;

test('edits every five seconds are all corrected at once, and reported from the fifth on', () => {
  const fights = new Fights();
  const reports: boolean[] = [];
  for (let at = 0; at < 50_000; at += 5000) {
    expect(fights.delayMs(key, at)).toBe(0);
    reports.push(fights.healed(key, at));
  }
  expect(reports.indexOf(true)).toBe(4);
});

test('a machine that undoes at once is slowed down, and its neighbour is not', () => {
  const fights = new Fights();
  let now = 0;
  for (let round = 0; round < 10; round += 1) {
    now += fights.delayMs(key, now) + 10;
    fights.healed(key, now);
  }
  expect(fights.delayMs(key, now)).toBeGreaterThan(10_000);
  expect(fights.delayMs(other, now)).toBe(0);
  expect(fights.untilMs(key, now)).toBeGreaterThan(now);
  expect(fights.untilMs(other, now)).toBeUndefined();
});

test('a fight that has ended is forgotten', () => {
  const fights = new Fights();
  for (let at = 0; at < 50; at += 10) fights.healed(key, at);
  expect(fights.untilMs(key, 100)).toBe(5 * 60_000);
  expect(fights.untilMs(key, 10 * 60_000)).toBeUndefined();
  expect(fights.delayMs(key, 10 * 60_000)).toBe(0);
});

test('a correction that is refused is tried later each time, and is no fight', () => {
  const fights = new Fights();
  const delays: number[] = [];
  for (let now = 0; delays.length < 6; now += fights.delayMs(key, now)) {
    fights.failed(key, now);
    delays.push(fights.delayMs(key, now));
    expect(fights.untilMs(key, now)).toBeUndefined();
  }
  expect(delays).toEqual([1000, 2000, 4000, 8000, 16_000, 32_000]);
});
