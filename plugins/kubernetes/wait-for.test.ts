import { expect, test } from '@jest/globals';
import type { KubeObject } from '#kube';
import { parseWaitFor } from './wait-for.ts';

const object = (status: Record<string, unknown>, generation = 2): KubeObject => ({
  apiVersion: 'example.com/v1',
  kind: 'Widget',
  metadata: { name: 'w', generation },
  status,
});
const ready = { type: 'Ready', status: 'True' };
const unready = { type: 'Ready', status: 'False', message: 'the disk is full' };

test.each<[string, KubeObject, string | undefined]>([
  ['condition=Ready', object({ conditions: [ready] }), undefined],
  ['condition=ready', object({ conditions: [ready] }), undefined],
  ['condition=Ready', object({ conditions: [unready] }), 'condition Ready is False, not True: the disk is full'],
  ['condition=Ready', object({}), 'it has no condition Ready yet'],
  ['condition=Ready=False', object({ conditions: [unready] }), undefined],
  ['jsonpath={.status.phase}=Running', object({ phase: 'Running' }), undefined],
  ['jsonpath={.status.phase}=Running', object({ phase: 'Pending' }), '{.status.phase} is Pending, not Running'],
  ['jsonpath={.status.phase}', object({ phase: 'any' }), undefined],
  ['jsonpath={ .status.phase }', object({}), '{.status.phase} leads to nothing yet'],
  ['jsonpath={.status.count}=3', object({ count: 3 }), undefined],
  ['jsonpath={.status.conditions[?(@.type=="Ready")].status}=True', object({ conditions: [ready] }), undefined],
  ['["condition=Ready", "jsonpath={.status.phase}=Up"]', object({ conditions: [ready], phase: 'Up' }), undefined],
  [
    '["condition=Ready", "jsonpath={.status.phase}=Up"]',
    object({ conditions: [ready] }),
    '{.status.phase} leads to nothing yet',
  ],
  [
    'condition=Ready',
    object({ conditions: [ready], observedGeneration: 1 }),
    'generation 2 is not seen by its controller yet',
  ],
])('%s', (text, live, missing) => {
  expect(parseWaitFor(text)(live)).toEqual(
    missing === undefined ? { status: 'current', message: '' } : { status: 'inProgress', message: missing },
  );
});

test.each([
  'Ready',
  'condition=',
  'jsonpath=.status.phase',
  "jsonpath='{.a}'",
  'jsonpath={.a}=',
  '[]',
  '["condition=Ready", 1]',
  '[condition=Ready]',
])('%s is refused', (text) => {
  expect(() => parseWaitFor(text)).toThrow(/^pulumi.com\/waitFor: ".*" means nothing, expected /);
});
