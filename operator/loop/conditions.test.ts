import { expect, test } from '@jest/globals';
import type { Condition } from '#api';
import { failure, moving, settled, waiting, type Failure, type Outcome } from '#runtime';
import { foldConditions, type ConditionChange, type FoldInput } from './conditions.ts';

const now = Date.parse('2026-05-01T10:00:00.123Z');
const earlier = '2026-05-01T09:00:00Z';
const later = '2026-05-01T10:00:00Z';

const fold = (input: Partial<FoldInput>): Condition[] =>
  foldConditions({ previous: [], result: settled('Healthy', 'fine'), reported: [], generation: 3, now, ...input });

const brief = (conditions: readonly Condition[]): string[] =>
  conditions.map(({ type, status, reason, message }) => `${type}=${status} ${reason}: ${message}`);

const condition = (type: string, status: Condition['status'], reason = 'Old', message = 'old'): Condition => ({
  type,
  status,
  reason,
  message,
  observedGeneration: 2,
  lastTransitionTime: earlier,
});

test.each<[string, Outcome | Failure, string[]]>([
  ['settled', settled('Healthy', 'all 3 are ready'), ['Ready=True Healthy: all 3 are ready']],
  [
    'waiting',
    waiting('DependencyNotReady', 'stack infra is not ready', []),
    [
      'Ready=False DependencyNotReady: stack infra is not ready',
      'Reconciling=True DependencyNotReady: stack infra is not ready',
    ],
  ],
  [
    'moving',
    moving('HealthProgressing', '2 of 3'),
    ['Ready=Unknown HealthProgressing: 2 of 3', 'Reconciling=True HealthProgressing: 2 of 3'],
  ],
  [
    'a failure that is tried again',
    failure('GitUnreachable', { what: 'no answer' }),
    ['Ready=False GitUnreachable: no answer', 'Reconciling=True GitUnreachable: no answer'],
  ],
  [
    'a failure that waits for a change',
    failure('YamlInvalid', { where: 'a.yaml:3', what: 'bad' }),
    ['Ready=False YamlInvalid: a.yaml:3: bad', 'Stalled=True YamlInvalid: a.yaml:3: bad'],
  ],
])('%s', (_, result, expected) => {
  expect(brief(fold({ result }))).toEqual(expected);
});

test.each<[string, Condition[], Outcome | Failure, string[]]>([
  [
    'Reconciling goes when it settles',
    [condition('Ready', 'Unknown'), condition('Reconciling', 'True')],
    settled('Healthy', 'fine'),
    ['Ready'],
  ],
  [
    'Stalled goes when it is tried again',
    [condition('Ready', 'False'), condition('Stalled', 'True')],
    failure('GitUnreachable', { what: 'x' }),
    ['Ready', 'Reconciling'],
  ],
  ['what nobody reported stays', [condition('Drifted', 'True')], settled('Healthy', 'fine'), ['Ready', 'Drifted']],
])('%s', (_, previous, result, types) => {
  expect(fold({ previous, result }).map(({ type }) => type)).toEqual(types);
});

test('the transition time stays while the status stays, whatever is said', () => {
  const [ready] = fold({ previous: [condition('Ready', 'True')], result: settled('Healthy', 'new words') });
  expect(ready).toEqual({
    type: 'Ready',
    status: 'True',
    reason: 'Healthy',
    message: 'new words',
    observedGeneration: 3,
    lastTransitionTime: earlier,
  });
});

test('a changed status has the time of now, in seconds', () => {
  const [ready] = fold({ previous: [condition('Ready', 'False')] });
  expect(ready?.lastTransitionTime).toBe(later);
});

const healthy: ConditionChange = { type: 'Healthy', status: true, reason: 'Healthy', message: 'fine' };
const drifted: ConditionChange = { type: 'Drifted', status: false, reason: 'NoDrift', message: 'none' };

test('folding the same once more changes nothing, whoever reports in which order', () => {
  const once = fold({ reported: [healthy, drifted] });
  expect(once.map(({ type }) => type)).toEqual(['Ready', 'Drifted', 'Healthy']);
  for (const reported of [[healthy, drifted], [drifted, healthy], [drifted], []]) {
    expect(fold({ previous: once, reported, now: now + 60_000 })).toEqual(once);
  }
});

test('the last word on a condition counts, and Ready, Reconciling and Stalled are not for reporting', () => {
  const reported: ConditionChange[] = [
    { ...healthy, status: false },
    healthy,
    { ...healthy, type: 'Ready', status: false },
    { ...healthy, type: 'Stalled', status: true },
  ];
  expect(fold({ reported }).map(({ type, status }) => [type, status])).toEqual([
    ['Ready', 'True'],
    ['Healthy', 'True'],
  ]);
});

test('a message is cut at the bound of the API, and never within a character', () => {
  const [long] = fold({ result: settled('Healthy', 'x'.repeat(40_000)) });
  expect([long?.message.length, long?.message.at(-1)]).toEqual([32_768, '…']);
  const [pairs] = fold({ result: settled('Healthy', `${'x'.repeat(32_766)}😀😀`) });
  expect(pairs?.message.isWellFormed()).toBe(true);
});
