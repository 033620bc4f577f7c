import { expect, test } from '@jest/globals';
import { choose, type Choice, type Disk, type Mark } from './choice.ts';
import type { Manifest } from './manifest.ts';

const mark = (serial: number, more: Partial<Mark> = {}): Mark => ({
  lineage: 'a',
  serial,
  writer: 'us',
  time: `t${serial}`,
  uid: 'u',
  files: {},
  ...more,
});
const manifest = (serial: number, more: Partial<Manifest> = {}): Manifest => ({
  format: 1,
  lineage: 'a',
  serial,
  writer: 'us',
  time: `t${serial}`,
  files: [],
  ...more,
});

const rows: readonly [string, Disk | undefined, Manifest | undefined, Choice][] = [
  ['neither has a state', undefined, undefined, { from: 'nowhere' }],
  ['a new node', undefined, manifest(3), { from: 'cluster', setAside: false }],
  [
    'the disk is as it was written',
    { mark: mark(3), changed: false, damaged: false },
    manifest(3),
    { from: 'disk', write: false },
  ],
  [
    'the engine went on after the last write, then all died',
    { mark: mark(3), changed: true, damaged: false },
    manifest(3),
    { from: 'disk', write: true },
  ],
  [
    'it died before the manifest was written',
    { mark: mark(4), changed: false, damaged: false },
    manifest(3),
    { from: 'disk', write: true },
  ],
  [
    'somebody else wrote that serial',
    { mark: mark(4), changed: true, damaged: false },
    manifest(4, { writer: 'they' }),
    { from: 'cluster', setAside: true },
  ],
  [
    'somebody else went on',
    { mark: mark(3), changed: false, damaged: false },
    manifest(5),
    { from: 'cluster', setAside: false },
  ],
  [
    'somebody else went on, and the disk holds more',
    { mark: mark(3), changed: true, damaged: false },
    manifest(5),
    { from: 'cluster', setAside: true },
  ],
  [
    'the cluster was put back to an older backup',
    { mark: mark(9), changed: false, damaged: false },
    manifest(5),
    { from: 'disk', write: true },
  ],
  [
    'another state was put into the cluster',
    { mark: mark(9), changed: false, damaged: false },
    manifest(1, { lineage: 'b' }),
    { from: 'cluster', setAside: false },
  ],
  [
    'the Secrets were deleted under the stack',
    { mark: mark(3), changed: false, damaged: false },
    undefined,
    { from: 'disk', write: true },
  ],
  [
    'the stack is another one of the same name',
    { mark: mark(3, { uid: 'before' }), changed: false, damaged: false },
    undefined,
    { from: 'cluster', setAside: true },
  ],
  [
    'the disk holds half a state',
    { mark: mark(3), changed: true, damaged: true },
    manifest(3),
    { from: 'cluster', setAside: true },
  ],
  [
    'the disk holds half a state, and the cluster one that is older than it was',
    { mark: mark(4), changed: true, damaged: true },
    manifest(3),
    { from: 'cluster', setAside: true },
  ],
  [
    'the disk holds half of the first state that ever was',
    { mark: mark(0), changed: true, damaged: true },
    undefined,
    { from: 'cluster', setAside: true },
  ],
  [
    'the disk holds half a state, and nothing else is left of it',
    { mark: mark(3), changed: true, damaged: true },
    undefined,
    { from: 'disk', write: true },
  ],
];

test.each(rows)('%s', (_, disk, cluster, choice) => {
  expect(choose(disk, cluster, 'u')).toEqual(choice);
});
