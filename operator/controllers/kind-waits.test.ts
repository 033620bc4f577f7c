import { expect, test } from '@jest/globals';
import { createLog, ManualClock } from '#runtime';
import type { Resource } from '#kube';
import { KindWaits } from './kind-waits.ts';

const gadget: Resource = {
  group: 'example.com',
  kind: 'Gadget',
  version: 'v1',
  plural: 'gadgets',
  namespaced: true,
  verbs: [],
  shortNames: [],
};

/** Discovery as it is seen from here: a table that is kept until it is invalidated. */
function world() {
  const clock = new ManualClock();
  const state = { served: false, table: undefined as boolean | undefined, woken: [] as string[], fetches: 0 };
  const discovery = {
    invalidate: () => void (state.table = undefined),
    resource: () => {
      if (state.table === undefined) state.fetches += 1;
      state.table ??= state.served;
      return Promise.resolve(state.table ? gadget : undefined);
    },
  };
  const log = createLog({ level: 'error', clock, write: () => undefined });
  const waits = new KindWaits({ discovery, clock, log, wake: (stack) => void state.woken.push(stack) });
  return { clock, state, discovery, waits };
}

const kinds = new Set(['Gadget.example.com']);

test('a stack is woken when the kind is served', async () => {
  const { state, waits } = world();
  waits.add('ns/app', kinds);
  state.served = true;
  await waits.definitionsChanged();
  expect(state.woken).toEqual(['ns/app']);
});

test('a stack is woken although discovery shows the kind only after the last event of its definition', async () => {
  const { clock, state, waits } = world();
  waits.add('ns/app', kinds);
  await waits.definitionsChanged();
  expect(state.woken).toEqual([]);
  state.served = true;
  await clock.advance(5000);
  expect(state.woken).toEqual(['ns/app']);
});

test('a stack that began to wait after the last event does not retry with the table that lacked the kind', async () => {
  const { state, discovery, waits } = world();
  expect(await discovery.resource()).toBeUndefined();
  state.served = true;
  expect(await discovery.resource()).toBeUndefined();
  waits.add('ns/app', kinds);
  expect(await discovery.resource()).toBe(gadget);
});

test('nobody waiting, nothing asked; a kind that never comes is not asked for for ever', async () => {
  const { clock, state, waits } = world();
  await waits.definitionsChanged();
  expect(state.fetches).toBe(0);
  waits.add('ns/app', kinds);
  await waits.definitionsChanged();
  await clock.advance(10 * 60_000);
  expect(state.fetches).toBe(10);
});

test('a stack that is gone is not woken', async () => {
  const { state, waits } = world();
  waits.add('ns/app', kinds);
  waits.forget('ns/app');
  state.served = true;
  await waits.definitionsChanged();
  expect(state.woken).toEqual([]);
});
