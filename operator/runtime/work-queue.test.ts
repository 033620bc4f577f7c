import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { ManualClock } from './manual-clock.ts';
import { SharedLimit, WorkQueue } from './work-queue.ts';

interface Run {
  readonly key: string;
  readonly at: number;
  readonly signal: AbortSignal;
  readonly end: (error?: Error) => void;
}

/** A queue whose runs end when the test says so. */
class Bench {
  readonly clock = new ManualClock();
  readonly runs: Run[] = [];
  readonly open = new Set<Run>();
  readonly errors: unknown[] = [];
  readonly queue: WorkQueue;
  depth = 0;

  constructor(concurrency = 2, shared?: SharedLimit) {
    this.queue = new WorkQueue({
      clock: this.clock,
      concurrency,
      shared,
      onDepth: (depth) => (this.depth = depth),
      onError: (_, error) => this.errors.push(error),
      work: (key, signal) =>
        new Promise((resolve, reject) => {
          const end = (error?: Error): void => {
            this.open.delete(run);
            if (error === undefined) resolve();
            else reject(error);
          };
          const run: Run = { key, at: this.clock.now(), signal, end };
          this.runs.push(run);
          this.open.add(run);
        }),
    });
  }

  get keys(): string[] {
    return this.runs.map(({ key }) => key);
  }

  /** Ends the oldest run. */
  async end(error?: Error): Promise<void> {
    this.open.values().next().value?.end(error);
    await this.clock.advance(0);
  }
}

test('a key that is added many times before it runs runs once', async () => {
  const bench = new Bench(1);
  for (const key of ['a', 'b', 'b', 'c', 'b']) bench.queue.add(key);
  for (let run = 0; run < 4; run += 1) {
    await bench.clock.advance(0);
    await bench.end();
  }
  expect(bench.keys).toEqual(['a', 'b', 'c']);
  expect(bench.queue.idle).toBe(true);
});

test('nothing runs within add itself', async () => {
  const bench = new Bench();
  bench.queue.add('a');
  expect(bench.keys).toEqual([]);
  await bench.clock.advance(0);
  expect(bench.keys).toEqual(['a']);
});

test('a key that is added while it runs runs once more, afterwards', async () => {
  const bench = new Bench();
  bench.queue.add('a');
  await bench.clock.advance(0);
  bench.queue.add('a');
  bench.queue.add('a');
  await bench.clock.advance(0);
  expect(bench.keys).toEqual(['a']);
  expect(bench.depth).toBe(1);
  await bench.end();
  expect(bench.keys).toEqual(['a', 'a']);
  await bench.end();
  expect(bench.keys).toEqual(['a', 'a']);
});

test.each([
  ['the later one first', [500, 100], 100],
  ['the earlier one first', [100, 500], 100],
  ['now after later', [500, 0], 0],
])('of two times the earlier one counts: %s', async (_, delays, expected) => {
  const bench = new Bench();
  for (const delay of delays) bench.queue.add('a', delay);
  await bench.clock.advance(1000);
  await bench.end();
  await bench.clock.advance(1000);
  expect(bench.runs.map(({ at }) => at)).toEqual([expected]);
});

test('interrupt aborts the run in hand with the reason, and runs the key anew', async () => {
  const bench = new Bench();
  bench.queue.add('a');
  await bench.clock.advance(0);
  bench.queue.interrupt('a', new Error('newer commit'));
  expect(bench.runs[0]?.signal.reason).toEqual(new Error('newer commit'));
  await bench.end();
  expect(bench.keys).toEqual(['a', 'a']);
  expect(bench.runs[1]?.signal.aborted).toBe(false);
});

test('interrupt of an idle key is an add, and its run is not aborted', async () => {
  const bench = new Bench();
  bench.queue.interrupt('a', new Error('newer commit'));
  await bench.clock.advance(0);
  expect(bench.runs.map(({ signal }) => signal.aborted)).toEqual([false]);
});

test('a run that is interrupted before it began leaves its place to the new one', async () => {
  const bench = new Bench();
  bench.queue.add('a');
  bench.queue.interrupt('a', new Error('newer commit'));
  await bench.clock.advance(0);
  expect(bench.runs.map(({ signal }) => signal.aborted)).toEqual([false]);
});

test('a worker that rejects is told, and costs nothing else', async () => {
  const bench = new Bench(1);
  bench.queue.add('a');
  bench.queue.add('b');
  await bench.clock.advance(0);
  await bench.end(new Error('boom'));
  expect(bench.errors).toEqual([new Error('boom')]);
  expect(bench.keys).toEqual(['a', 'b']);
});

test('forget drops what is planned', async () => {
  const bench = new Bench();
  bench.queue.add('a', 100);
  bench.queue.forget('a');
  await bench.clock.advance(1000);
  expect(bench.keys).toEqual([]);
});

test('close lets runs in hand finish, and starts no other', async () => {
  const bench = new Bench(1);
  bench.queue.add('a');
  bench.queue.add('b');
  await bench.clock.advance(0);
  const closed = bench.queue.close(1000, new Error('stopping'));
  bench.queue.add('c');
  await bench.clock.advance(500);
  expect(bench.runs[0]?.signal.aborted).toBe(false);
  await bench.end();
  await closed;
  expect(bench.keys).toEqual(['a']);
});

test('close aborts what has not finished in time', async () => {
  const bench = new Bench();
  bench.queue.add('a');
  await bench.clock.advance(0);
  const closed = bench.queue.close(1000, new Error('stopping'));
  await bench.clock.advance(1000);
  expect(bench.runs[0]?.signal.reason).toEqual(new Error('stopping'));
  await bench.end();
  await closed;
});

test('queues that share a limit are served in turn', async () => {
  const shared = new SharedLimit(1);
  const [one, two] = [new Bench(5, shared), new Bench(5, shared)];
  for (const key of ['a', 'b']) {
    one.queue.add(key);
    two.queue.add(key);
  }
  const order: string[] = [];
  for (let turn = 0; turn < 4; turn += 1) {
    await one.clock.advance(0);
    const [bench, name] = one.open.size > 0 ? ([one, 'one'] as const) : ([two, 'two'] as const);
    expect(one.open.size + two.open.size).toBe(1);
    order.push(`${name} ${bench.runs.at(-1)?.key}`);
    await bench.end();
  }
  expect(order).toEqual(['one a', 'two a', 'one b', 'two b']);
});

const keys = fc.constantFrom('a', 'b', 'c', 'd');
const steps = fc.array(
  fc.oneof(
    fc.record({ do: fc.constant('add' as const), key: keys, ms: fc.constantFrom(0, 0, 10, 50, 200) }),
    fc.record({ do: fc.constant('interrupt' as const), key: keys }),
    fc.record({ do: fc.constant('end' as const), fails: fc.boolean() }),
    fc.record({ do: fc.constant('pass' as const), ms: fc.constantFrom(1, 10, 60) }),
  ),
  { maxLength: 60 },
);

test('whatever happens: one run a key, no more than allowed at once, and no add is lost', async () => {
  await fc.assert(
    fc.asyncProperty(steps, fc.integer({ min: 1, max: 3 }), async (script, concurrency) => {
      const bench = new Bench(concurrency);
      const wanted: { key: string; runsBefore: number; due: number }[] = [];
      const countOf = (key: string): number => bench.keys.filter((other) => other === key).length;
      const want = (key: string, ms: number): void => {
        wanted.push({ key, runsBefore: countOf(key), due: bench.clock.now() + ms });
      };
      for (const step of script) {
        if (step.do === 'add') {
          want(step.key, step.ms);
          bench.queue.add(step.key, step.ms);
        } else if (step.do === 'interrupt') {
          want(step.key, 0);
          bench.queue.interrupt(step.key, new Error('newer'));
        } else if (step.do === 'end') await bench.end(step.fails ? new Error('boom') : undefined);
        else await bench.clock.advance(step.ms);
        await bench.clock.advance(0);
        const open = [...bench.open].map(({ key }) => key);
        expect(open.length).toBeLessThanOrEqual(concurrency);
        expect(new Set(open).size).toBe(open.length);
        // Work conserving: a key waits only while all places are taken, or while it runs itself.
        if (open.length < concurrency) expect(bench.depth).toBeLessThanOrEqual(open.length);
      }
      await bench.clock.advance(200);
      while (bench.open.size > 0) await bench.end();
      for (const { key, runsBefore } of wanted) expect(countOf(key)).toBeGreaterThan(runsBefore);
      expect(bench.queue.idle).toBe(true);
    }),
    { numRuns: 150 },
  );
});
