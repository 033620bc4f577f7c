import { expect, test } from '@jest/globals';
import { manifestFormat, parseManifest } from './manifest.ts';

const manifest = (path: unknown, format = manifestFormat): string =>
  JSON.stringify({ format, lineage: 'a', serial: 1, writer: 'w', time: 't', files: [{ path, chunks: [] }] });

test.each(['shop/dev.json', 'shop/dev.pulumi-tags', 'dev.json', 'a.b/c-d_e.json'])(
  '%s is a file of a state',
  (path) => {
    expect(parseManifest(manifest(path), 'here').files[0]?.path).toBe(path);
  },
);

test.each([
  ['no JSON', 'x', /^here: the manifest of the state cannot be read; restore/],
  ['no manifest', '{"format":1}', /^here: the manifest of the state cannot be read/],
  [
    'a newer format',
    manifest('a/b.json', 2),
    /^here: .* newer version of Plumbline, expected format 1, found format 2; upgrade/,
  ],
  ['a path upwards', manifest('../b.json'), /names a file outside of the state, found \.\.\/b\.json$/],
  ['a path from the root', manifest('/etc/b.json'), /outside of the state/],
  ['a path that is none', manifest(7), /outside of the state, found 7/],
])('%s is refused in one sentence', (_, text, sentence) => {
  expect(() => parseManifest(text, 'here')).toThrow(sentence);
});
