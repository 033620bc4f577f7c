/** What a run says in the log: by whom, how much, and never the values of fields. */
import { expect, test } from '@jest/globals';
import { createLog, createMetrics, ManualClock } from '#runtime';
import { Journal } from './journal.ts';
import type { RunEvent, Step } from './values.ts';

const urn = 'urn:pulumi:dev::shop::kubernetes:core/v1:ConfigMap::settings';
const step: Step = {
  urn,
  type: 'kubernetes:core/v1:ConfigMap',
  operation: 'update',
  id: 'shop/settings',
  fields: [{ path: 'data.size', from: 'a value', to: 'another', replaces: false }],
};

type Line = Readonly<Record<string, unknown>>;

interface Setting {
  readonly isPreview?: boolean;
  readonly level?: 'info' | 'debug';
}

function journal({ isPreview = false, level = 'info' }: Setting = {}) {
  const lines: Line[] = [];
  const write = (line: string): void => void lines.push(JSON.parse(line) as Line);
  const log = createLog({ level, clock: new ManualClock(), write });
  const metrics = createMetrics();
  const told = new Journal({ log: log.with({ kind: 'Stack', key: 'shop/shop' }), metrics, isPreview });
  return { told, lines, metrics };
}

const at = (how: 'begun' | 'done' | 'failed', change: Partial<Step> = {}): RunEvent => ({
  kind: 'step',
  step: { ...step, ...change },
  at: how,
});

test('a step is told once it is done, with the names of its fields and none of their values', () => {
  const { told, lines } = journal();
  told.add(at('begun'));
  told.add(at('done'));
  expect(lines).toEqual([
    {
      time: '1970-01-01T00:00:00.000Z',
      level: 'info',
      message: 'done: updating ConfigMap settings',
      kind: 'Stack',
      key: 'shop/shop',
      operation: 'update',
      urn,
      object: 'shop/settings',
      fields: ['data.size'],
    },
  ]);
});

test('steps that fail and what is said are told at their level, by whom', () => {
  const { told, lines } = journal();
  told.add(at('failed', { operation: 'create', fields: [] }));
  told.add({ kind: 'diagnostic', diagnostic: { severity: 'error', urn, message: 'forbidden' } });
  told.add({ kind: 'diagnostic', diagnostic: { severity: 'warning', urn: '', message: 'old' } });
  told.add({ kind: 'output', line: 'hello' });
  expect(lines.map(({ level, message, text }) => [level, message, text])).toEqual([
    ['warn', 'failed: creating ConfigMap settings', undefined],
    ['error', 'the engine says', 'forbidden'],
    ['warn', 'the engine says', 'old'],
    ['info', 'the program says', 'hello'],
  ]);
});

test('what changes nothing is for those who look closely', () => {
  const { told, lines } = journal({ level: 'debug' });
  told.add(at('begun'));
  told.add(at('done', { operation: 'refresh', fields: [] }));
  expect(lines.map(({ level, message }) => [level, message])).toEqual([
    ['debug', 'begun: updating ConfigMap settings'],
    ['debug', 'done: refreshing ConfigMap settings'],
  ]);
});

test('the lines of a run are bounded; errors come in any case', () => {
  const { told, lines } = journal();
  for (let index = 0; index < 3000; index += 1) told.add({ kind: 'output', line: `${index}` });
  told.add({ kind: 'diagnostic', diagnostic: { severity: 'error', urn: '', message: 'the cause' } });
  expect(lines).toHaveLength(2002);
  expect(lines.slice(-2).map(({ level, text, message }) => [level, text ?? message])).toEqual([
    ['warn', 'the run tells more than 2000 lines; the rest is not written, errors apart'],
    ['error', 'the cause'],
  ]);
});

test('operations are counted by result; those of a preview are no operations', async () => {
  const { told, metrics } = journal();
  told.add(at('begun', { operation: 'create' }));
  told.add(at('done', { operation: 'create' }));
  told.add(at('done', { operation: 'create' }));
  told.add(at('failed', { operation: 'delete' }));
  const { values } = await metrics.runResources.get();
  expect(values).toMatchObject([
    { labels: { operation: 'create', result: 'done' }, value: 2 },
    { labels: { operation: 'delete', result: 'failed' }, value: 1 },
  ]);
  const preview = journal({ isPreview: true });
  preview.told.add(at('done', { operation: 'create' }));
  expect(preview.lines.map(({ message }) => message)).toEqual(['planned: creating ConfigMap settings']);
  expect((await preview.metrics.runResources.get()).values).toEqual([]);
});
