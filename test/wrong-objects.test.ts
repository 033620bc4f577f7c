import { expect, test } from '@jest/globals';
import { kinds, validateObject } from '#api';
import { wrongObjects } from './support/wrong-objects.ts';

test.each(wrongObjects)('$kind: $name is found offline too', ({ kind, objectName = 'wrong', spec, path, message }) => {
  const definition = kinds.find((candidate) => candidate.kind === kind);
  if (definition === undefined) throw new Error(`no kind ${kind}`);
  const object = { metadata: { name: objectName }, spec };
  expect(validateObject(definition, object)).toMatchObject([{ path, expected: message }]);
});
