/** By what a full disk is known. */
import { expect, test } from '@jest/globals';
import { diskFull, isDiskFull, saysDiskFull } from './full-disk.ts';

test.each([
  [-28, true],
  [-122, true],
  [-2, false],
])('of an error with number %d: whether the disk is full is %s', (errno, isFull) => {
  expect(isDiskFull(Object.assign(new Error('write'), { errno }))).toBe(isFull);
});

test.each([
  ['fatal: write error: No space left on device', true],
  ["fatal: sha1 file '/data/index.lock' write error. Out of diskspace", true],
  ['error: write /data/plan.json: disk quota exceeded', true],
  ['npm error code ENOSPC', true],
  ['error: unable to write file a', false],
  ['exceeded quota: pods, requested: pods=1', false],
])('%s: whether that tells of a full disk is %s', (said, isFull) => {
  expect(saysDiskFull(said)).toBe(isFull);
});

test('the sentence says where, what could not be done, what to do and what comes after', () => {
  const where = 'https://git.example/x.git';
  expect(diskFull({ where, undone: 'the commit could not be fetched', then: 'it is fetched then' })).toMatchObject({
    reason: 'DiskFull',
    message: `${where}: the disk is full, so the commit could not be fetched; give the operator's data folder more room; it is fetched then`,
  });
});
