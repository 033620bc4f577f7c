import { hostname } from 'node:os';
import { expect, test } from '@jest/globals';
import { isDead, locksIn } from './engine-locks.ts';

const complaint = (...holders: readonly string[]): string =>
  [
    `error: could not import deployment: the stack is currently locked by ${holders.length} lock(s). Either wait for the other process(es) to end or delete the lock file with \`pulumi cancel\`.`,
    ...holders.map(
      (by) => `  s3://states/.pulumi/locks/organization/shop/dev/1.json: created by ${by} at 2026-05-01T10:00:00Z`,
    ),
  ].join('\n');

test('the locks that an engine complains of are told by host and process', () => {
  expect(locksIn(complaint('root@node-1 (pid 12)', 'ada@desk (pid 7)'))).toEqual([
    { host: 'node-1', pid: 12 },
    { host: 'desk', pid: 7 },
  ]);
  expect(locksIn('error: a program may print: created by ada@desk (pid 7) at noon')).toEqual([]);
});

test('a lock is dead whose process on this host is no engine, or whose host died with the Lease', async () => {
  // This process lives, and is no engine: the number was given to another since.
  expect(await isDead({ host: hostname(), pid: process.pid })).toBe(true);
  expect(await isDead({ host: 'node-1', pid: 1 }, 'node-1')).toBe(true);
  expect(await isDead({ host: 'desk', pid: 1 }, 'node-1')).toBe(false);
});
