/** Checksums are read from every form in which they are published, and from nothing else. */
import { expect, test } from '@jest/globals';
import { checksumFor } from './checksum.ts';

const hash = 'a1'.repeat(32);
const other = 'b2'.repeat(32);

test.each([
  ['a bare hash', `${hash}\n`],
  ['a bare hash in capitals', hash.toUpperCase()],
  ['a list', `${other}  tool-arm64\n${hash}  tool-amd64\n`],
  ['a list of binary files', `${other} *tool-arm64\n${hash} *tool-amd64`],
  ['a list with folders', `${hash}  ./out/tool-amd64`],
  ['release JSON', JSON.stringify({ assets: [{ name: 'tool-amd64', digest: `sha256:${hash}` }] })],
])('the checksum is found in %s', (_form, text) => {
  expect(checksumFor('tool-amd64', text)).toBe(hash);
});

test.each([
  ['a list without the file', `${other}  tool-arm64`],
  ['a longer file name', `${hash}  tool-amd64.sig`],
  ['a page of HTML', '<html><body>not here</body></html>'],
  ['a short hash', `${hash.slice(2)}  tool-amd64`],
  ['release JSON without a digest', JSON.stringify({ assets: [{ name: 'tool-amd64', digest: null }] })],
  [
    'release JSON with another algorithm',
    JSON.stringify({ assets: [{ name: 'tool-amd64', digest: `sha512:${hash}` }] }),
  ],
  ['an error in JSON', JSON.stringify({ message: 'rate limit' })],
  ['broken JSON', '{"assets": ['],
  ['nothing', ''],
])('there is no checksum in %s', (_form, text) => {
  expect(checksumFor('tool-amd64', text)).toBeUndefined();
});
