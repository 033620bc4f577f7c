import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { contains, parsePath, writePath, type PropertyPath } from './property-path.ts';

test.each<[string, PropertyPath]>([
  ['spec.replicas', ['spec', 'replicas']],
  ['spec.containers[0].image', ['spec', 'containers', 0, 'image']],
  ['metadata.labels["app.kubernetes.io/name"]', ['metadata', 'labels', 'app.kubernetes.io/name']],
  ['["a.b"].c', ['a.b', 'c']],
  ['data["say \\"hi\\""]', ['data', 'say "hi"']],
  ['spec.containers[*].image', ['spec', 'containers', '*', 'image']],
  ['data.*', ['data', '*']],
])('%s is a path', (text, path) => {
  expect(parsePath(text)).toEqual(path);
});

test.each(['a[', 'a..b', 'a["b', 'a[b]', 'a]'])('%s is refused with what stands wrong in it', (text) => {
  expect(() => parsePath(text)).toThrow(`"${text}" is no property path`);
});

test('what is written is read back', () => {
  const step = fc.oneof(
    fc.nat(99),
    fc.string({ unit: fc.constantFrom(...'ab/-."[]0 ') }).filter((name) => name !== ''),
  );
  fc.assert(
    fc.property(fc.string({ minLength: 1, unit: fc.constantFrom(...'ab.') }), fc.array(step), (first, rest) => {
      const path = [first, ...rest];
      expect(parsePath(writePath(path))).toEqual(path);
    }),
  );
});

test.each<[string, string, boolean]>([
  ['spec', 'spec.replicas', true],
  ['spec.replicas', 'spec.replicas', true],
  ['spec.replicas', 'spec', false],
  ['spec.rep', 'spec.replicas', false],
  ['spec.containers[*].image', 'spec.containers[3].image', true],
  ['data.*', 'data.key', true],
])('%s contains %s: %s', (pattern, path, expected) => {
  expect(contains(parsePath(pattern), parsePath(path))).toBe(expected);
});
