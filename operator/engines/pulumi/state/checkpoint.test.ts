import { expect, test } from '@jest/globals';
import { parseCheckpoint, parseExport, resourcesOf } from './checkpoint.ts';

test.each([
  [
    'half a file',
    '{"version":3,"checkpoint":{"la',
    /^dev\.json: the state cannot be read, .* found text that is no JSON object; restore or import it$/,
  ],
  ['another file', '{"version":3}', /found no checkpoint of Pulumi/],
  [
    'a state of a newer Pulumi',
    '{"version":4,"checkpoint":{}}',
    /expected one up to 3; use a newer Plumbline, found a state of version 4/,
  ],
])('%s is refused in one sentence', (_, text, sentence) => {
  expect(() => parseCheckpoint(text, 'dev.json')).toThrow(sentence);
});

test('an export of a newer Pulumi is refused, and so is what is none', () => {
  expect(() => parseExport('{"version":4,"deployment":{}}', 'file')).toThrow(/found a state of version 4/);
  expect(() => parseExport('{"version":3,"checkpoint":{}}', 'file')).toThrow(/found no export of a Pulumi stack/);
});

test('what was being made when the engine was killed is pending, also what is not in the state yet', () => {
  const resource = (name: string, more: object = {}) => ({ urn: name, type: 't', ...more });
  const found = resourcesOf({
    resources: [resource('kept', { id: 'i', parent: 'p' }), resource('changing'), resource('old', { delete: true })],
    pending_operations: [
      { type: 'updating', resource: resource('changing') },
      { type: 'creating', resource: resource('new') },
    ],
  });
  const none = { id: '', parent: undefined, dependencies: [], outputs: {}, type: 't', pending: false, replaced: false };
  expect(found).toEqual([
    { ...none, urn: 'kept', id: 'i', parent: 'p' },
    { ...none, urn: 'changing', pending: true },
    { ...none, urn: 'old', replaced: true },
    { ...none, urn: 'new', pending: true },
  ]);
});
