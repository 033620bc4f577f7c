import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { driftedFields } from './drifted-fields.ts';
import type { ValueMap } from './property.ts';
import { writePath } from './property-path.ts';

const drift = (wanted: ValueMap, live: ValueMap, after: ValueMap): string[] =>
  driftedFields(wanted, live, after).map(writePath);

const container = (name: string, image: string): ValueMap => ({ name, image, imagePullPolicy: 'Always' });

test.each<[string, { wanted: ValueMap; live: ValueMap; after: ValueMap }, readonly string[]]>([
  [
    'a field set by hand',
    { wanted: { spec: { replicas: 3 } }, live: { spec: { replicas: 5 } }, after: { spec: { replicas: 3 } } },
    ['spec.replicas'],
  ],
  ['a field taken away by hand', { wanted: { data: { a: '1' } }, live: {}, after: { data: { a: '1' } } }, ['data']],
  [
    'nothing of what others add',
    { wanted: { data: { a: '1' } }, live: { data: { a: '1', b: '2' } }, after: { data: { a: '1', b: '2' } } },
    [],
  ],
  [
    'nothing of what a default adds back',
    { wanted: { spec: {} }, live: { spec: {} }, after: { spec: { type: 'ClusterIP' } } },
    [],
  ],
  [
    'no value that the API server writes its own way',
    { wanted: { cpu: '1000m' }, live: { cpu: '1' }, after: { cpu: '1' } },
    [],
  ],
  [
    'an item by its name, whatever stands before it',
    {
      wanted: { containers: [{ name: 'web', image: 'web:1' }] },
      live: { containers: [container('proxy', 'p:1'), container('web', 'web:2')] },
      after: { containers: [container('proxy', 'p:1'), container('web', 'web:1')] },
    },
    ['containers[0].image'],
  ],
  [
    'an item that somebody removed',
    {
      wanted: {
        env: [
          { name: 'A', value: '1' },
          { name: 'B', value: '2' },
        ],
      },
      live: { env: [{ name: 'B', value: '2' }] },
      after: {
        env: [
          { name: 'A', value: '1' },
          { name: 'B', value: '2' },
        ],
      },
    },
    ['env[0]'],
  ],
  [
    'the port of the right protocol',
    {
      wanted: {
        ports: [
          { port: 53, targetPort: 1 },
          { port: 53, protocol: 'UDP', targetPort: 1 },
        ],
      },
      live: {
        ports: [
          { port: 53, protocol: 'TCP', targetPort: 1 },
          { port: 53, protocol: 'UDP', targetPort: 9 },
        ],
      },
      after: {
        ports: [
          { port: 53, protocol: 'TCP', targetPort: 1 },
          { port: 53, protocol: 'UDP', targetPort: 1 },
        ],
      },
    },
    ['ports[1].targetPort'],
  ],
  [
    'a list of plain values as a whole',
    { wanted: { args: ['a'] }, live: { args: ['b'] }, after: { args: ['a'] } },
    ['args'],
  ],
])('names %s', (_what, { wanted, live, after }, expected) => {
  expect(drift(wanted, live, after)).toEqual(expected);
});

test('where an update changes nothing, nothing has drifted, whatever is wanted', () => {
  const object = fc.dictionary(fc.string(), fc.jsonValue()) as fc.Arbitrary<ValueMap>;
  fc.assert(fc.property(object, object, (wanted, live) => expect(drift(wanted, live, live)).toEqual([])));
});
