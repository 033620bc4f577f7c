import { expect, test } from '@jest/globals';
import { asFailure, failure } from './failure.ts';

test.each([
  [{ what: 'it is missing' }, 'it is missing'],
  [
    { where: 'a.yaml:3', what: 'wrong type', expected: 'text', found: '3' },
    'a.yaml:3: wrong type, expected text, found 3',
  ],
  [{ where: 'spec.url', what: 'is empty', remedy: 'name a repository' }, 'spec.url: is empty; name a repository'],
])('makes one sentence of %j', (parts, sentence) => {
  expect(failure('SourceInvalid', parts).message).toBe(sentence);
});

test('whether waiting helps comes from the reason', () => {
  expect(failure('ApiUnavailable', { what: 'x' }).retry).toBe('backoff');
  expect(failure('YamlInvalid', { what: 'x' }).retry).toBe('on-change');
});

test('a failure stays itself, and anything else becomes Internal with its cause', () => {
  const ours = failure('TimedOut', { what: 'x' });
  const theirs = new TypeError('x is undefined');
  expect(asFailure(ours)).toBe(ours);
  expect(asFailure(theirs)).toMatchObject({ reason: 'Internal', retry: 'backoff', cause: theirs });
  expect(asFailure('text').message).toBe('text; report this with the log of the operator');
});
