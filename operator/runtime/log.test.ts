import { expect, test } from '@jest/globals';
import { failure } from './failure.ts';
import { createLog, type Level, type Log } from './log.ts';
import { ManualClock } from './manual-clock.ts';

function logAt(level: Level): { log: Log; lines: Record<string, unknown>[]; texts: string[] } {
  const lines: Record<string, unknown>[] = [];
  const texts: string[] = [];
  const write = (text: string): void => {
    texts.push(text);
    lines.push(JSON.parse(text) as Record<string, unknown>);
  };
  return { log: createLog({ level, clock: new ManualClock(0), write }), lines, texts };
}

test('a line is one JSON object with time, level, message, bound fields and its own', () => {
  const { log, texts } = logAt('info');
  log.with({ kind: 'Stack' }).with({ key: 'shop/app' }).info('applied', { objects: 3 });
  expect(texts).toEqual([
    '{"time":"1970-01-01T00:00:00.000Z","level":"info","message":"applied","kind":"Stack","key":"shop/app","objects":3}\n',
  ]);
});

test('lines below the level are not written', () => {
  const { log, lines } = logAt('warn');
  log.debug('a');
  log.info('b');
  log.warn('c');
  log.error('d');
  expect(lines.map(({ message }) => message)).toEqual(['c', 'd']);
});

test('a field cannot take the place of the message', () => {
  const { log, lines } = logAt('info');
  log.info('ours', { message: 'theirs', level: 'none' });
  expect(lines).toEqual([{ time: expect.any(String), level: 'info', message: 'ours' }]);
});

test.each([
  ['a failure by reason and sentence', failure('Forbidden', { what: 'no' }), { reason: 'Forbidden', message: 'no' }],
  ['a bigint as text', 12n, '12'],
  ['a Secret without its data', { kind: 'Secret', data: { a: 'aHVudGVyMg==' } }, { kind: 'Secret', data: '***' }],
  ['a Secret deeper down', { items: [{ kind: 'Secret', data: 'x' }] }, { items: [{ kind: 'Secret', data: '***' }] }],
  ['no password', { user: 'ada', Password: 'hunter2', token: 'x' }, { user: 'ada', Password: '***', token: '***' }],
  ['a ConfigMap whole', { kind: 'ConfigMap', data: { a: '1' } }, { kind: 'ConfigMap', data: { a: '1' } }],
])('writes %s', (_, value, expected) => {
  const { log, lines } = logAt('info');
  log.info('x', { value });
  expect(lines[0]?.['value']).toEqual(expected);
});

test('the cause of an error is written, and a circle does not throw', () => {
  const { log, lines } = logAt('info');
  log.error('failed', { error: new Error('outer', { cause: new Error('inner') }) });
  const circle: Record<string, unknown> = {};
  circle['self'] = circle;
  log.info('round', circle);
  expect(lines[0]).toMatchObject({ error: { message: 'outer', cause: { message: 'inner' } } });
  expect(lines[1]).toMatchObject({ message: 'round', unreadable: expect.stringContaining('circular') });
});
