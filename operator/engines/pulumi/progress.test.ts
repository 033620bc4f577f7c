/** How far a run has come is one line: how many of how many, and what the others wait for. */
import { expect, test } from '@jest/globals';
import { Progress, wordsOf } from './progress.ts';
import type { RunEvent, StepOperation } from './values.ts';

const event = (name: string, operation: StepOperation, at: 'begun' | 'done' | 'failed'): RunEvent => ({
  kind: 'step',
  at,
  step: {
    urn: `urn:pulumi:dev::shop::kubernetes:apps/v1:Deployment::${name}`,
    type: 'kubernetes:apps/v1:Deployment',
    operation,
    fields: [],
  },
});

function lineAfter(known: number, events: readonly RunEvent[]): string {
  const progress = new Progress(known);
  for (const each of events) progress.add(each);
  return progress.line();
}

const begun = (name: string, operation: StepOperation = 'create') => event(name, operation, 'begun');
const done = (name: string, operation: StepOperation = 'create') => event(name, operation, 'done');

test.each<[string, number, RunEvent[], string]>([
  ['of a new stack nothing is known yet', 0, [], 'starting'],
  ['of an old one how much it has', 30, [], '0 of 30 resources'],
  ['the oldest step in hand is named', 30, [begun('web'), begun('api')], '0 of 30 resources, creating Deployment web'],
  [
    'when it is done, the next',
    30,
    [begun('web'), begun('api'), done('web')],
    '1 of 30 resources, creating Deployment api',
  ],
  ['when all are, none', 2, [begun('web'), done('web')], '1 of 2 resources'],
  [
    'a stack that grows has as many as there are steps',
    1,
    [begun('a'), done('a'), begun('b'), begun('c')],
    '1 of 3 resources, creating Deployment b',
  ],
  ['a failed one is over, too', 2, [begun('a'), event('a', 'create', 'failed')], '1 of 2 resources'],
  ['the end of what had not begun is not counted twice', 2, [begun('a'), done('a'), done('a')], '1 of 2 resources'],
  [
    'both steps of a replacement are in hand by themselves',
    1,
    [begun('a', 'create-replacement'), begun('a', 'delete-replaced'), done('a', 'create-replacement')],
    '1 of 2 resources, deleting the old Deployment a',
  ],
  ['what is printed is no step', 1, [{ kind: 'output', line: 'hello' }], '0 of 1 resources'],
])('%s', (_, known, events, line) => {
  expect(lineAfter(known, events)).toBe(line);
});

test('a step is said by kind and name, components and names with colons, too', () => {
  const step = { operation: 'delete', fields: [], type: 'shop:index:Web' } as const;
  expect(wordsOf({ ...step, urn: 'urn:pulumi:dev::shop::shop:index:App$shop:index:Web::front::one' })).toBe(
    'deleting Web front::one',
  );
});
