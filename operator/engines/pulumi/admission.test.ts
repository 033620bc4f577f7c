/** Runs are let in by the memory that they reserve, in the order in which they came. */
import { expect, test } from '@jest/globals';
import { Admission } from './admission.ts';

const never = new AbortController().signal;

/** Lets promises that are ready go on. */
const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Asks for room, and notes when it is given. */
function asking(admission: Admission) {
  const order: string[] = [];
  const waited: string[] = [];
  const ask = (name: string, mib: number, signal = never): Promise<Disposable> => {
    const room = admission.take(mib, { signal, onWait: () => waited.push(name) });
    room.then(
      () => order.push(name),
      () => order.push(`${name} left`),
    );
    return room;
  };
  return { ask, order, waited };
}

test('runs go together as long as they fit, and the next ones follow in order', async () => {
  const admission = new Admission(1000);
  const { ask, order, waited } = asking(admission);
  const a = await ask('a', 600);
  const b = await ask('b', 400);
  const c = ask('c', 600);
  const d = ask('d', 100);
  await settle();
  expect({ order, waited }).toEqual({ order: ['a', 'b'], waited: ['c', 'd'] });
  expect(admission).toMatchObject({ reservedMiB: 1000, waiting: 2, going: 2 });
  b[Symbol.dispose]();
  await settle();
  // There is room for d, but c came first.
  expect(order).toEqual(['a', 'b']);
  a[Symbol.dispose]();
  await Promise.all([c, d]);
  expect(order).toEqual(['a', 'b', 'c', 'd']);
  expect(admission).toMatchObject({ reservedMiB: 700, waiting: 0, going: 2 });
});

test('room is given back once, however often it is asked to be', async () => {
  const admission = new Admission(500);
  const room = await admission.take(300, { signal: never });
  room[Symbol.dispose]();
  room[Symbol.dispose]();
  expect(admission).toMatchObject({ reservedMiB: 0, going: 0 });
});

test('one that gives up makes way for those behind it', async () => {
  const admission = new Admission(1000);
  const { ask, order } = asking(admission);
  await ask('a', 600);
  const leaving = new AbortController();
  const b = ask('b', 900, leaving.signal);
  const c = ask('c', 300);
  leaving.abort(new Error('superseded'));
  await expect(b).rejects.toThrow('superseded');
  await c;
  expect(new Set(order)).toEqual(new Set(['a', 'b left', 'c']));
  expect(admission).toMatchObject({ reservedMiB: 900, waiting: 0, going: 2 });
  await expect(ask('d', 1, leaving.signal)).rejects.toThrow('superseded');
});

test('a run that can never be let in is told so at once, with how much there is and what to do', async () => {
  const admission = new Admission(512);
  await expect(admission.take(634, { signal: never })).rejects.toMatchObject({
    reason: 'ConfigInvalid',
    retry: 'on-change',
    message:
      'spec.pulumi.memoryMiB: a run of this stack takes 634 MiB with its engine, expected at most the 512 MiB that the operator has for all runs; give the operator more (`plumbline install --memory`, or its flag --pulumi-memory), or lower the field',
  });
  expect(() => admission.assertFits(512)).not.toThrow();
  expect(admission).toMatchObject({ reservedMiB: 0, waiting: 0 });
});
