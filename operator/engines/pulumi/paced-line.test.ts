/** However often a run says how far it is, the stack is written at most every so often, and with the newest line. */
import { expect, test } from '@jest/globals';
import { ManualClock } from '#runtime';
import { PacedLine } from './paced-line.ts';

function paced(): { clock: ManualClock; line: PacedLine; out: string[] } {
  const clock = new ManualClock(1000);
  const out: string[] = [];
  const line: PacedLine = new PacedLine('starting', {
    clock,
    everyMs: 2000,
    onChange: () => out.push(`${clock.now()} ${line.shown}`),
  });
  return { clock, line, out };
}

test('of many lines one comes out every two seconds, and the last of all', async () => {
  const { clock, line, out } = paced();
  for (let index = 1; index <= 50; index += 1) {
    line.say(`${index} of 50`);
    await clock.advance(100);
  }
  expect(out).toEqual(['3000 20 of 50', '5000 40 of 50']);
  expect(line.shown).toBe('40 of 50');
  await clock.advance(1000);
  expect(out.at(-1)).toBe('7000 50 of 50');
  await clock.advance(60_000);
  expect(out).toHaveLength(3);
});

test('after a silence a line comes out at once', async () => {
  const { clock, line, out } = paced();
  await clock.advance(2000);
  line.say('1 of 2');
  expect(out).toEqual(['3000 1 of 2']);
  line.say('2 of 2');
  expect(line.shown).toBe('1 of 2');
});

test('what is said again is no news', async () => {
  const { clock, line, out } = paced();
  await clock.advance(5000);
  line.say('starting');
  await clock.advance(5000);
  expect(out).toEqual([]);
});

test('the end silences it', async () => {
  const { clock, line, out } = paced();
  line.say('1 of 2');
  line[Symbol.dispose]();
  await clock.advance(10_000);
  expect(out).toEqual([]);
  expect(line.shown).toBe('starting');
});
