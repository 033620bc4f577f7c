import { describe, expect, test } from '@jest/globals';
import { gate, type Neighbour } from './gate.ts';

const neighbour = (key: string, more: Partial<Neighbour> = {}): Neighbour => ({
  key,
  ready: true,
  upToDate: true,
  applied: 'main@sha1:aaaa',
  wanted: 'main@sha1:aaaa',
  message: '',
  dependsOn: [],
  ...more,
});

const among = (neighbours: readonly Neighbour[]) => (key: string) => neighbours.find((each) => each.key === key);
const ask = (...neighbours: Neighbour[]) =>
  gate({ stack: 'ns/app', dependsOn: ['ns/infra'], neighbour: among(neighbours) });

describe('a stack that depends on another', () => {
  test('goes when the other is ready at what it wants', () => {
    expect(ask(neighbour('ns/infra'))).toEqual({ open: true });
  });
  test('waits for one that does not exist', () => {
    expect(ask()).toMatchObject({ reason: 'DependencyNotFound', message: 'stack ns/infra does not exist' });
  });
  test('waits for one that is behind, naming both commits and what will wake it', () => {
    expect(ask(neighbour('ns/infra', { upToDate: false, wanted: 'main@sha1:bbbb' }))).toMatchObject({
      reason: 'DependencyNotReady',
      message: 'stack ns/infra is at main@sha1:aaaa, needs main@sha1:bbbb',
      wakes: [{ on: 'object', kind: 'Stack', key: 'ns/infra' }],
    });
  });
  test('waits for one that is not ready, in its own words', () => {
    expect(ask(neighbour('ns/infra', { ready: false, message: '1 of 2 replicas are ready' }))).toMatchObject({
      message: 'stack ns/infra is not ready: 1 of 2 replicas are ready',
    });
  });
});

test('a circle is named in full', () => {
  const input = {
    stack: 'ns/a',
    dependsOn: ['ns/b'],
    neighbour: among([
      neighbour('ns/a', { dependsOn: ['ns/b'] }),
      neighbour('ns/b', { dependsOn: ['ns/c'] }),
      neighbour('ns/c', { dependsOn: ['ns/a'] }),
    ]),
  };
  expect(() => gate(input)).toThrow('ns/a -> ns/b -> ns/c -> ns/a');
});
