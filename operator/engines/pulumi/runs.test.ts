/** Runs in the background: one a stack, let in by memory, paced in what they tell, patient after a failure. */
import { expect, test } from '@jest/globals';
import { createLog, createMetrics, failure, ManualClock, type Failure } from '#runtime';
import { Admission } from './admission.ts';
import { Runs, type Task, type Telling } from './runs.ts';

interface Value {
  readonly failed?: Failure;
}

function world(totalMiB = 1000) {
  const clock = new ManualClock(1_000_000);
  const metrics = createMetrics();
  const wakes: string[] = [];
  const lines: Readonly<Record<string, unknown>>[] = [];
  const log = createLog({ level: 'info', clock, write: (line) => lines.push(JSON.parse(line) as never) });
  const runs = new Runs<Value>({
    clock,
    log,
    metrics,
    admission: new Admission(totalMiB),
    wake: (stack) => wakes.push(`${clock.now() - 1_000_000} ${stack}`),
  });
  return { clock, metrics, runs, wakes, lines };
}

/** A run that ends when the test says so. */
function held(memoryMiB = 600) {
  const { promise, resolve, reject } = Promise.withResolvers<Value>();
  const begun = Promise.withResolvers<Telling>();
  const task: Task<Value> = {
    purpose: 'apply',
    content: 'c0ffee',
    memoryMiB,
    work: (telling) => {
      begun.resolve(telling);
      telling.signal.addEventListener('abort', () => reject(telling.signal.reason as Error));
      return promise;
    },
  };
  return { task, end: resolve, fail: reject, begun: begun.promise };
}

test('an event a moment is a line every two seconds, also for who looks in between', async () => {
  const { clock, runs, wakes } = world();
  const { task, begun, end } = held();
  const run = runs.begin('shop/a', task);
  const { tell } = await begun;
  expect(run.line).toBe('starting');
  for (let index = 1; index <= 30; index += 1) {
    tell(`${index} of 30 resources`);
    await clock.advance(100);
  }
  expect(wakes).toEqual(['2000 shop/a']);
  expect(run.line).toBe('20 of 30 resources');
  await clock.advance(2000);
  expect(wakes).toEqual(['2000 shop/a', '4000 shop/a']);
  expect(run.line).toBe('30 of 30 resources');
  end({});
  await clock.advance(10_000);
  expect(wakes).toEqual(['2000 shop/a', '4000 shop/a', '5000 shop/a']);
  expect(run.end).toEqual({ value: {} });
});

test('a run without room says so, and goes when the one before has ended', async () => {
  const { clock, runs } = world();
  const first = held();
  const second = held();
  runs.begin('shop/a', first.task);
  const run = runs.begin('shop/b', second.task);
  await clock.advance(2000);
  expect(run.line).toBe('waits for memory: 600 of 1000 MiB are taken by other runs');
  first.end({});
  await second.begun;
  await clock.advance(2000);
  expect(run.line).toBe('starting');
  expect(runs.of('shop/a')?.end).toEqual({ value: {} });
  second.end({});
  await clock.advance(0);
  expect(run.end).toEqual({ value: {} });
});

test('a run that never fits fails at once, and nothing is begun', async () => {
  const { clock, runs, wakes } = world(500);
  const { task } = held(600);
  const run = runs.begin('shop/a', task);
  await clock.advance(0);
  expect(run.end).toMatchObject({ failed: { reason: 'ConfigInvalid' } });
  expect(wakes).toEqual(['0 shop/a']);
});

test('a cancelled run ends with the reason that it was given, and stays until it is taken', async () => {
  const { clock, runs } = world();
  const { task, begun } = held();
  const run = runs.begin('shop/a', task);
  await begun;
  runs.take('shop/a');
  expect(runs.of('shop/a')).toBe(run);
  runs.cancel('shop/a', failure('Superseded', { what: 'newer content' }));
  await clock.advance(0);
  expect(run.end).toMatchObject({ failed: { reason: 'Superseded', message: 'newer content' } });
  runs.take('shop/a');
  expect(runs.of('shop/a')).toBeUndefined();
});

test('stop ends those in hand and those that wait', async () => {
  const { runs } = world();
  const first = held();
  const second = held();
  runs.begin('shop/a', first.task);
  runs.begin('shop/b', second.task);
  await first.begun;
  await runs.stop();
  for (const stack of ['shop/a', 'shop/b'])
    expect(runs.of(stack)?.end).toMatchObject({ failed: { reason: 'Superseded' } });
});

test('the metrics and the log say what became of each, also of one whose engine failed', async () => {
  const { clock, metrics, runs, lines } = world();
  const good = held();
  const bad = held();
  const thrown = held();
  runs.begin('shop/a', good.task);
  good.end({});
  await clock.advance(0);
  runs.begin('shop/b', bad.task);
  bad.end({ failed: failure('UpdateFailed', { what: 'it was refused' }) });
  await clock.advance(0);
  runs.begin('shop/c', thrown.task);
  await thrown.begun;
  await clock.advance(3000);
  thrown.fail(failure('StateLocked', { what: 'somebody has it' }));
  await clock.advance(0);
  const { values } = await metrics.runs.get();
  expect(values.map(({ labels, value }) => [labels.operation, labels.result, value])).toEqual([
    ['apply', 'done', 1],
    ['apply', 'UpdateFailed', 1],
    ['apply', 'StateLocked', 1],
  ]);
  expect(lines).toMatchObject([
    {
      level: 'info',
      message: 'a run has ended',
      kind: 'Stack',
      key: 'shop/a',
      run: 'apply',
      result: 'done',
      seconds: 0,
    },
    { level: 'info', key: 'shop/b', result: 'UpdateFailed' },
    { level: 'info', key: 'shop/c', result: 'StateLocked', seconds: 3 },
  ]);
});

test('what failed is not tried again at once: later each time, and never what waiting does not help', async () => {
  const { clock, runs } = world();
  const busy = failure('BackendFailed', { what: 'the bucket does not answer' });
  runs.setBack('shop/a', 'c0ffee', busy);
  const first = runs.setbackOf('shop/a', 'c0ffee')?.retryAfterMs ?? 0;
  expect(first).toBeGreaterThan(0);
  expect(runs.setbackOf('shop/a', 'other')).toBeUndefined();
  await clock.advance(first);
  expect(runs.setbackOf('shop/a', 'c0ffee')).toBeUndefined();
  for (let attempt = 0; attempt < 20; attempt += 1) runs.setBack('shop/a', 'c0ffee', busy);
  const later = runs.setbackOf('shop/a', 'c0ffee')?.retryAfterMs ?? 0;
  expect(later).toBeGreaterThan(first);
  expect(later).toBeLessThanOrEqual(375_000);
  runs.forgive('shop/a');
  expect(runs.setbackOf('shop/a', 'c0ffee')).toBeUndefined();
  runs.setBack('shop/a', 'c0ffee', failure('ProgramInvalid', { what: 'it does not compile' }));
  await clock.advance(86_400_000);
  expect(runs.setbackOf('shop/a', 'c0ffee')).toMatchObject({ reason: 'ProgramInvalid', retryAfterMs: undefined });
});
