/** Which of all that the engine says is the reason that people are told. */
import { expect, test } from '@jest/globals';
import type { Diagnostic } from '../values.ts';
import { causeOf } from './causes.ts';

const context = { path: 'infra', memoryMiB: 512 };
const urn = (name: string): string => `urn:pulumi:dev::shop::kubernetes:core/v1:ConfigMap::${name}`;
const error = (name: string, message: string): Diagnostic => ({ urn: urn(name), severity: 'error', message });
const missed = `expected resource operations for ${urn('after')} but none were seen`;

test('what failed is told, not that the plan misses what could not be begun after it', () => {
  const errors = [error('first', 'quota exceeded'), error('after', missed)];
  expect(causeOf({ code: 255, said: `error: update failed\n${missed}`, errors }, context)).toMatchObject({
    reason: 'UpdateFailed',
    parts: { what: 'quota exceeded' },
  });
});

test('with nothing else amiss, what the plan misses is the reason', () => {
  const errors = [error('after', missed)];
  expect(causeOf({ code: 255, said: '', errors }, context)).toMatchObject({ reason: 'PlanStale' });
});

test('a lock of the engine is the reason, with who has it', () => {
  const said =
    'error: could not import deployment: the stack is currently locked by 1 lock(s). Either wait for the other process(es) to end or delete the lock file with `pulumi cancel`.\n  s3://states/.pulumi/locks/organization/shop/dev/1.json: created by ada@desk (pid 7) at 2026-05-01T10:00:00Z';
  expect(causeOf({ code: 255, said, errors: [] }, context)).toMatchObject({
    reason: 'StateLocked',
    parts: { what: 'the state is in the hands of ada@desk (process 7) since 2026-05-01T10:00:00Z' },
  });
});

const full = [
  'error: write /data/run-a/plan.json: no space left on device',
  'error: could not import deployment: blob (key "a.json") (code=Unknown): fallocate /data/a.tmp: no space left on device',
  'symlink /data/a /data/b: no space left on device',
  'rpc error: code = Unknown desc = could not save config: close /data/config.yaml: disk quota exceeded',
  '{"message":"pre-step event returned an error: write \\"/data/[secret]/dev.json\\": no space\\u0020left"} no space left\n  on device',
  'Error: ENOSPC: no space left on device, write',
  "failed with an unhandled exception: Error: ENOSPC: no space left on device, mkdtemp '/data/tmp/x'",
  "Unknown system error -122: Unknown system error -122, open '/data/tmp/x'",
  'sh: 1: echo: echo: I/O error\ntar: write error: No space left on device',
  'npm error nospc There appears to be insufficient space on your system to finish.',
  "Cannot find package 'left-pad'\nwrite /data/node_modules/left-pad: Disk quota exceeded",
];

test.each(full)('the disk is full: %s', (said) => {
  expect(causeOf({ code: 255, said, errors: [] }, context)).toMatchObject({ reason: 'DiskFull' });
  const errors: Diagnostic[] = [{ urn: '', severity: 'error', message: said }];
  expect(causeOf({ code: 255, said: 'error: update failed', errors }, context)).toMatchObject({ reason: 'DiskFull' });
});

test('the state that could not be written is the disk of the operator, whichever resource was in hand', () => {
  const saving =
    'post-step event returned an error: failed to save snapshot: An IO error occurred while writing the new snapshot file: write /data/dev.json.tmp: no space left on device';
  const errors = [error('cart', 'quota exceeded'), error('shop', saving)];
  expect(causeOf({ code: 255, said: saving, errors }, context)).toMatchObject({ reason: 'DiskFull' });
});

test('a disk of another machine, of which a resource tells, is not that of the operator', () => {
  const message = 'container app waits: ErrImagePull: write /var/lib/images/a: no space left on device';
  const ended = { code: 255, said: `error: update failed\n${message}`, errors: [error('cart', message)] };
  expect(causeOf(ended, context)).toMatchObject({ reason: 'UpdateFailed', parts: { what: message } });
});
