import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { staleFiles } from './generate.ts';
import { reasons } from './reasons.ts';

const page = await readFile(join(import.meta.dirname, '..', '..', 'docs', 'reasons.md'), 'utf8');
const rows = new Map(
  [...page.matchAll(/^\| `(\w+)` \| (.+) \|$/gm)].map(([, reason = '', rest = '']) => [reason, rest]),
);

test.each(Object.entries(reasons))('%s stands in docs/reasons.md as in the code', (reason, text) => {
  const after = text.retry === 'backoff' ? 'retried' : 'stalled';
  expect(rows.get(reason)).toBe(`${text.meaning} | ${text.remedy} | ${after}`);
});

test('docs/reasons.md holds no reason that the code does not know', () => {
  expect([...rows.keys()].filter((reason) => !(reason in reasons))).toEqual([]);
});

test.each(Object.entries(reasons))('%s is one word, explained in sentences', (reason, { meaning, remedy }) => {
  expect(reason).toMatch(/^[A-Z][A-Za-z]+$/);
  for (const sentence of [meaning, remedy]) {
    expect(sentence).toMatch(/^[A-Z].*\.$/);
    expect(sentence).not.toContain('|');
  }
});

test('nothing generated is stale', async () => {
  expect(await staleFiles()).toEqual([]);
});
