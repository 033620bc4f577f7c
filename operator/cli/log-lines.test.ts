/** Lines out of pieces, chosen and made readable. */
import { expect, test } from '@jest/globals';
import { Readable } from 'node:stream';
import { linesOf, matches, readable } from './log-lines.ts';

const applied =
  '{"time":"2026-01-02T03:04:05.678Z","level":"info","message":"Applied","kind":"Stack","key":"shop/app","ms":12}';

test('lines are whole, however the stream is cut', async () => {
  const text = `${applied}\nSegmentation fault: ü\n\n{"message":"last"}`;
  const bytes = Buffer.from(text);
  for (const size of [1, 7, bytes.length]) {
    const pieces = Array.from({ length: Math.ceil(bytes.length / size) }, (_, at) =>
      bytes.subarray(at * size, (at + 1) * size),
    );
    const found: string[] = [];
    for await (const line of linesOf(Readable.from(pieces))) found.push(line);
    expect(found).toEqual([applied, 'Segmentation fault: ü', '{"message":"last"}']);
  }
});

test.each([
  ['the stack', applied, { kind: 'Stack', id: 'shop/app' }, true],
  ['another stack', applied, { kind: 'Stack', id: 'shop/apple' }, false],
  ['a source of the same name', applied, { kind: 'GitSource', id: 'shop/app' }, false],
  ['no object', '{"message":"leading"}', { kind: 'Stack', id: 'shop/app' }, false],
  ['no filter', 'Segmentation fault', undefined, true],
  ['no JSON', 'Segmentation fault', { kind: 'Stack', id: 'shop/app' }, false],
])('a line about %s is chosen rightly', (_, line, filter, chosen) => {
  expect(matches(line, filter)).toBe(chosen);
});

test.each([
  [applied, '2026-01-02T03:04:05.678Z info   Stack shop/app  Applied  ms=12'],
  [
    '{"time":"t","level":"error","message":"no","error":{"reason":"Internal"}}',
    't error  no  error={"reason":"Internal"}',
  ],
  ['Segmentation fault', 'Segmentation fault'],
  ['{"other":"json"}', '{"other":"json"}'],
])('%s is shown as %s', (line, shown) => {
  expect(readable(line)).toBe(shown);
});
