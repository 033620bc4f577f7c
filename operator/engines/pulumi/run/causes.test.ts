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
