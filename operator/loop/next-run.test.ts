import { expect, test } from '@jest/globals';
import { failure, moving, settled, waiting, type Failure, type Outcome } from '#runtime';
import { nextRunMs, type NextRunInput } from './next-run.ts';

const now = 1_000_000;
const slow = failure('ApiUnavailable', { what: 'x' }, { retryAfterMs: 90_000 });
const unreachable = failure('GitUnreachable', { what: 'x' });

test.each<[string, Outcome | Failure, Partial<NextRunInput>, number]>([
  ['settled: the interval', settled('Healthy', ''), {}, 600_000],
  ['waiting for an event: the interval as safety net', waiting('X', '', []), {}, 600_000],
  ['waiting until a time: that time', waiting('X', '', [], now + 5000), {}, 5000],
  ['moving until a time: that time', moving('X', '', now + 7000), {}, 7000],
  ['a time that has passed: not at once', moving('X', '', now - 1), {}, 1000],
  ['the first failure: a second', unreachable, {}, 1000],
  ['the fourth: eight', unreachable, { attempt: 4 }, 8000],
  ['many: five minutes', unreachable, { attempt: 99 }, 300_000],
  ['a retry interval of its own', unreachable, { attempt: 9, retryIntervalMs: 2000 }, 2000],
  ['what the other side asked for, when longer', slow, {}, 90_000],
  ['the backoff, when that is longer', slow, { attempt: 99 }, 300_000],
  ['a failure that only a change can end: the interval', failure('YamlInvalid', { what: 'x' }), {}, 600_000],
])('%s', (_, result, input, expected) => {
  const common = { attempt: 1, intervalMs: 600_000, retryIntervalMs: undefined, now, random: () => 0.5 };
  expect(nextRunMs({ ...common, result, ...input })).toBe(expected);
});
