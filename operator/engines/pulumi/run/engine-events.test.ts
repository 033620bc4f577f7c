import { expect, test } from '@jest/globals';
import type { RunEvent } from '../values.ts';
import { EngineEvents, parsePropertyPath } from './engine-events.ts';

const limits = { lines: 2, lineLength: 10, diagnostics: 1, printed: 100 };

function listen(): { events: EngineEvents; told: RunEvent[]; floods: () => number } {
  const told: RunEvent[] = [];
  let floods = 0;
  const events = new EngineEvents({ onEvent: (event) => told.push(event), onFlood: () => (floods += 1) }, limits);
  return { events, told, floods: () => floods };
}

const at = { sequence: 0, timestamp: 0 };
const diagnostic = (message: string, severity: 'info' | 'warning' | 'error' = 'info'): object => ({
  ...at,
  diagnosticEvent: { message, severity, color: 'never' },
});

test('lines over the limit are counted and said once, long ones are cut, and a flood is told once', () => {
  const { events, told, floods } = listen();
  for (let n = 0; n < 5; n += 1) events.add(diagnostic(`<{%fg 1%}>${'x'.repeat(40)}<{%reset%}>\n`) as never);
  expect(told).toEqual([
    { kind: 'output', line: `${'x'.repeat(10)}…` },
    { kind: 'output', line: `${'x'.repeat(10)}…` },
    {
      kind: 'diagnostic',
      diagnostic: { severity: 'warning', urn: '', message: `the progra…` },
    },
  ]);
  expect(floods()).toBe(1);
});

test('errors are told when warnings are no more', () => {
  const { events, told } = listen();
  for (const severity of ['warning', 'warning', 'error'] as const) events.add(diagnostic(severity, severity) as never);
  expect(told.map((event) => event.kind === 'diagnostic' && event.diagnostic.severity)).toEqual(['warning', 'error']);
});

test('a step names its fields, with both values and whether they ask for a new resource', () => {
  const { events, told } = listen();
  const state = (image: string, extra: object): object => ({ inputs: { spec: { list: [{ image }], ...extra } } });
  const metadata = {
    op: 'update',
    urn: 'urn:a',
    type: 'kubernetes:apps/v1:Deployment',
    old: state('a', {}),
    new: state('b', { 'x.y': 1 }),
    detailedDiff: {
      'spec.list[0].image': { diffKind: 'update-replace', inputDiff: true },
      'spec["x.y"]': { diffKind: 'add', inputDiff: true },
    },
  };
  events.add({ ...at, resOutputsEvent: { metadata } } as never);
  expect(told).toMatchObject([
    {
      at: 'done',
      step: {
        operation: 'update',
        fields: [
          { path: 'spec.list[0].image', from: 'a', to: 'b', replaces: true },
          { path: 'spec["x.y"]', from: undefined, to: 1, replaces: false },
        ],
      },
    },
  ]);
});

test.each([
  ['a.b', ['a', 'b']],
  ['a[0].b', ['a', 0, 'b']],
  ['a["b.c"].d', ['a', 'b.c', 'd']],
  ['a["say \\"hi\\""]', ['a', 'say "hi"']],
])('the path %s is a list of keys', (path, keys) => {
  expect(parsePropertyPath(path)).toEqual(keys);
});
