import { afterEach, beforeEach, expect, test } from '@jest/globals';
import type { KubeObject } from '#kube';
import { createEvents, type EventNote, type Events } from '#loop';
import { createLog, ManualClock } from '#runtime';
import { cluster, testNamespace, until, type TestCluster } from '#testing';

interface EventObject extends KubeObject {
  readonly note: string;
  readonly series?: { readonly count: number; readonly lastObservedTime: string };
}

let server: TestCluster;
let object: KubeObject;
let clock: ManualClock;
let events: Events;
let started: AsyncDisposableStack;
let lines: string[];

const nameWithDash = `${'a'.repeat(199)}-${'b'.repeat(20)}`;
const warning: EventNote = {
  type: 'Warning',
  reason: 'DriftFound',
  message: 'spec.replicas was changed by kubectl-edit',
};

beforeEach(async () => {
  started = new AsyncDisposableStack();
  server = started.use(await cluster());
  const namespace = await testNamespace(server);
  const [applied] = await server.apply(
    `{apiVersion: v1, kind: ConfigMap, metadata: {name: ${nameWithDash}, namespace: ${namespace}}}`,
  );
  object = applied as KubeObject;
  clock = new ManualClock(Date.parse('2026-05-01T10:00:00Z'));
  lines = [];
  events = createEvents({
    transport: server.transport,
    discovery: server.discovery,
    clock,
    log: createLog({ level: 'warn', clock, write: (line) => void lines.push(line) }),
    controller: 'test',
    instance: 'test-1',
  });
  started.use(events);
}, 60_000);
afterEach(() => started.disposeAsync());

/** What the API server holds once all is sent. */
async function written(): Promise<EventObject[]> {
  await events[Symbol.asyncDispose]();
  const path = `/apis/events.k8s.io/v1/namespaces/${object.metadata.namespace}/events`;
  const { body } = await server.transport.request<{ items: EventObject[] }>({ method: 'GET', path });
  expect(lines).toEqual([]);
  return body.items;
}

test('an event names what it is about, why, and who says so', async () => {
  events.emit(object, { ...warning, action: 'Heal' });
  expect(await written()).toMatchObject([
    {
      type: 'Warning',
      reason: 'DriftFound',
      action: 'Heal',
      note: 'spec.replicas was changed by kubectl-edit',
      reportingController: 'plumbline.dev/test',
      reportingInstance: 'test-1',
      regarding: { apiVersion: 'v1', kind: 'ConfigMap', name: nameWithDash, uid: object.metadata.uid },
    },
  ]);
});

test('the same words are one event that counts, written at most every 30 seconds', async () => {
  for (let second = 0; second < 40; second += 1) {
    events.emit(object, warning);
    await clock.advance(1000);
    if (second === 0) expect(await written()).toHaveLength(1);
  }
  expect(await written()).toMatchObject([{ series: { count: 31, lastObservedTime: '2026-05-01T10:00:30.000000Z' } }]);
});

test('other words are another event, and so are the same after ten quiet minutes', async () => {
  events.emit(object, warning);
  events.emit(object, { ...warning, message: 'spec.image was changed by kubectl-edit' });
  expect(await written()).toHaveLength(2);
  await clock.advance(10 * 60_000);
  events.emit(object, warning);
  expect(await written()).toHaveLength(3);
});

test('a long message is cut to what the API takes, and never within a character', async () => {
  events.emit(object, { ...warning, message: 'ä😀'.repeat(400) });
  const [event] = await written();
  expect(Buffer.byteLength(event?.note ?? '')).toBeGreaterThan(1010);
  expect(event?.note).toMatch(/^(ä😀)+ä?…$/u);
});

test('an event that is gone meanwhile is written anew', async () => {
  events.emit(object, warning);
  const [event] = await written();
  await server.delete('events.k8s.io/v1', 'Event', event?.metadata.name ?? '', object.metadata.namespace);
  await clock.advance(60_000);
  events.emit(object, warning);
  expect(await written()).toHaveLength(1);
});

test('more than can be sent is dropped, said once an event, and emit never waits', async () => {
  for (let index = 0; index < 1010; index += 1) events.emit(object, { ...warning, message: `number ${index}` });
  const dropped = lines.splice(0);
  expect(dropped.length).toBeGreaterThan(0);
  expect(JSON.parse(dropped[0] ?? '')).toMatchObject({ message: 'too many events wait; one was dropped' });
  await until('the queue moves', async () => ((await firstPage()) > 0 ? true : undefined));
});

async function firstPage(): Promise<number> {
  const path = `/apis/events.k8s.io/v1/namespaces/${object.metadata.namespace}/events`;
  const { body } = await server.transport.request<{ items: unknown[] }>({ method: 'GET', path, query: { limit: '5' } });
  return body.items.length;
}
