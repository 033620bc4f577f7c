import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { failure, moving, settled, waiting, type Failure, type Outcome } from '#runtime';
import { statusOf, statusPatch } from './status.ts';

const now = Date.parse('2026-05-01T10:00:00Z');
const until = now + 30_000;

test.each<[string, Outcome | Failure, { waitingFor: string | null; nextTry: string | null }]>([
  ['settled', settled('Healthy', 'fine'), { waitingFor: null, nextTry: null }],
  ['waiting for an event', waiting('X', 'for infra', []), { waitingFor: 'for infra', nextTry: null }],
  [
    'waiting with a deadline',
    waiting('X', 'for infra', [], until),
    { waitingFor: 'for infra', nextTry: '2026-05-01T10:00:30Z' },
  ],
  ['moving', moving('X', '2 of 3', until), { waitingFor: '2 of 3', nextTry: null }],
  ['tried again', failure('GitUnreachable', { what: 'x' }), { waitingFor: null, nextTry: '2026-05-01T10:00:30Z' }],
  ['stalled', failure('YamlInvalid', { what: 'x' }), { waitingFor: null, nextTry: null }],
])('%s says what it waits for and when it is tried again', (_, result, expected) => {
  const metadata = { name: 'app', generation: 4 };
  expect(statusOf({ metadata, reported: {}, conditions: [], result, now, nextMs: 30_000 })).toEqual({
    observedGeneration: 4,
    conditions: [],
    ...expected,
  });
});

test('the request to reconcile is acknowledged', () => {
  const metadata = { name: 'app', annotations: { 'plumbline.dev/reconcile': 'now please' } };
  const result = settled('Healthy', 'fine');
  expect(statusOf({ metadata, reported: { objects: 3 }, conditions: [], result, now, nextMs: 1 })).toMatchObject({
    lastHandledReconcileAt: 'now please',
    objects: 3,
  });
});

test.each<[string, Record<string, unknown>, Record<string, unknown>, Record<string, unknown> | undefined]>([
  ['nothing when all is as wanted', { a: 1, b: { c: [1] } }, { b: { c: [1] }, a: 1 }, undefined],
  [
    'nothing for the order of fields',
    { a: { x: 1, y: [{ p: 1, q: 2 }] } },
    { a: { y: [{ q: 2, p: 1 }], x: 1 } },
    undefined,
  ],
  ['nothing for an absent field that is to be absent', {}, { a: null, b: undefined }, undefined],
  ['nothing for fields that nobody mentions', { a: 1 }, {}, undefined],
  ['only the field that differs', { a: 1, b: 2 }, { a: 1, b: 3 }, { b: 3 }],
  ['null for a field to be removed', { a: 1 }, { a: null }, { a: null }],
  ['null for a field given as undefined', { a: 1 }, { a: undefined }, { a: null }],
  ['null for a field that the new object lacks', { a: { x: 1, y: 2 } }, { a: { x: 1 } }, { a: { y: null } }],
  ['lists as a whole', { a: [{ x: 1 }, { x: 2 }] }, { a: [{ x: 1 }] }, { a: [{ x: 1 }] }],
  ['nothing of what every object inherits', { a: { toString: '' } }, { a: {} }, { a: { toString: null } }],
  ['an object for a list', { a: [1] }, { a: { x: 1 } }, { a: { x: 1 } }],
])('the patch says %s', (_, old, wanted, expected) => {
  expect(statusPatch(old, wanted)).toEqual(expected);
});

const json = fc.jsonValue({ maxDepth: 4 }).map((value) => withoutNulls(value));
const fields = fc
  .dictionary(fc.constantFrom('a', 'b', 'c', 'd'), json)
  .map((value) => withoutNulls(value) as Record<string, unknown>);

test('a status that was patched is the wanted one, and then there is nothing to say', () => {
  fc.assert(
    fc.property(fields, fields, (old, wanted) => {
      const patched = merge(old, statusPatch(old, wanted) ?? {}) as Record<string, unknown>;
      for (const [field, value] of Object.entries(wanted)) expect(patched[field]).toEqual(value);
      expect(statusPatch(patched, wanted)).toBeUndefined();
    }),
  );
});

/** What the API server does with a merge patch, as RFC 7386 writes it down. */
function merge(target: unknown, patch: unknown): unknown {
  if (!isObject(patch)) return patch;
  const result: Record<string, unknown> = isObject(target) ? { ...target } : {};
  for (const [field, value] of Object.entries(patch)) {
    if (value === null) delete result[field];
    else result[field] = merge(result[field], value);
  }
  return result;
}

function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNulls).filter((item) => item !== null);
  if (!isObject(value)) return Object.is(value, -0) ? 0 : value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([field, item]) => item !== null && field !== '__proto__')
      .map(([field, item]) => [field, withoutNulls(item)]),
  );
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
