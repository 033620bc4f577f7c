import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { stackKind, type Stack } from '#api';
import { loadClusterConfig, Transport, WatchCache, type KubeObject } from '#kube';
import { createEvents, startController, type ControllerDefinition, type RunningController } from '#loop';
import { createLog, createMetrics, failure, ManualClock, settled, systemClock, waiting } from '#runtime';
import { cluster, kubeconfig, testNamespace, until, type TestCluster } from '#testing';

const finalizer = 'plumbline.dev/finalizer';
const lines: string[] = [];
const log = createLog({ level: 'debug', clock: systemClock, write: (line) => void lines.push(line) });

let server: TestCluster;
let namespace: string;
let clock: ManualClock;
let started: AsyncDisposableStack;
/** Verb and path of each request of the controller, watches left out. */
let requests: string[];

beforeEach(async () => {
  started = new AsyncDisposableStack();
  server = started.use(await cluster());
  namespace = await testNamespace(server);
  clock = new ManualClock(Date.parse('2026-05-01T10:00:00Z'));
  requests = [];
}, 60_000);
afterEach(() => started.disposeAsync());

const stackYaml = (name: string, spec = ''): string =>
  `{apiVersion: plumbline.dev/v1alpha1, kind: Stack, metadata: {name: ${name}, namespace: ${namespace}}, spec: {sourceRef: {name: none}, ${spec}}}`;

const get = (name: string): Promise<(Stack & KubeObject) | undefined> =>
  server.get<never>('plumbline.dev/v1alpha1', 'Stack', name, namespace);

const change = (name: string, patch: unknown): Promise<void> =>
  server.edit({ apiVersion: 'plumbline.dev/v1alpha1', kind: 'Stack', name, namespace }, patch);

const conditions = (stack: Stack | undefined): string[] =>
  (stack?.status?.conditions ?? []).map(({ type, status, reason }) => `${type}=${status} ${reason}`);

/** The stack, once its conditions are these. */
const stands = (name: string, ...expected: string[]): Promise<Stack & KubeObject> =>
  until(`${name} is ${expected.join(', ')}`, async () => {
    const stack = await get(name);
    return conditions(stack).join() === expected.join() ? stack : undefined;
  }).catch(async (error: unknown) => {
    throw new Error(`${String(error)}; it is ${conditions(await get(name)).join(', ')}\n${lines.slice(-5).join('')}`);
  });

async function start(definition: Partial<ControllerDefinition<Stack>>): Promise<RunningController> {
  const transport = new Transport(await loadClusterConfig({ kubeconfig }), {
    onRequest: ({ verb, path }) => void (verb === 'WATCH' || requests.push(`${verb} ${path.split('/').at(-1)}`)),
  });
  started.defer(() => transport.close());
  const resource = await server.discovery.resource({ group: stackKind.group, kind: stackKind.kind });
  if (resource === undefined) throw new Error('Stack is not served');
  const { discovery } = server;
  const cache = started.use(
    new WatchCache<Stack>({
      transport,
      resource,
      namespace,
      reduce: (object) => object as unknown as Stack,
      clock: systemClock,
      log,
    }),
  );
  await cache.start();
  const events = started.use(
    createEvents({ transport: server.transport, discovery, clock, log, controller: 'test', instance: 'test-1' }),
  );
  const controller = startController<Stack>({
    definition: {
      kind: stackKind,
      concurrency: 4,
      interval: () => 600_000,
      timeout: () => 60_000,
      reconcile: () => Promise.resolve(settled('Applied', 'as wanted')),
      ...definition,
    },
    cache,
    resource,
    transport,
    events,
    clock,
    metrics: createMetrics(),
    log,
    random: () => 0.5,
  });
  started.defer(() => controller.stop({ graceMs: 0 }));
  return controller;
}

const isIdle = (controller: RunningController): Promise<true> =>
  until('the controller is idle', () => Promise.resolve(controller.idle() ? true : undefined));

test('an object that settles costs one status patch, and looking again costs nothing', async () => {
  let runs = 0;
  const controller = await start({
    reconcile: (_, { report, condition }) => {
      runs += 1;
      report({ objects: 3, wanted: { revision: 'main@sha1:1', commit: '1' } });
      condition('Healthy', true, 'Healthy', 'all are ready');
      return Promise.resolve(settled('Applied', 'as wanted'));
    },
  });
  await server.apply(stackYaml('app'));
  const stack = await stands('app', 'Ready=True Applied', 'Healthy=True Healthy');
  expect(stack.status).toMatchObject({ observedGeneration: 1, objects: 3, wanted: { commit: '1' } });
  await isIdle(controller);
  expect(requests).toEqual(['PATCH status']);
  for (let round = 0; round < 3; round += 1) {
    controller.wake(`${namespace}/app`);
    await clock.advance(600_000);
    await isIdle(controller);
  }
  expect(runs).toBeGreaterThanOrEqual(4);
  expect(requests).toEqual(['PATCH status']);
});

test('a failure is told with the next try, tried again, and forgotten when it is over', async () => {
  let broken = true;
  const controller = await start({
    reconcile: () => {
      if (broken) throw failure('GitUnreachable', { what: 'no answer' });
      return Promise.resolve(settled('Applied', 'as wanted'));
    },
  });
  await server.apply(stackYaml('app'));
  const failed = await stands('app', 'Ready=False GitUnreachable', 'Reconciling=True GitUnreachable');
  expect(failed.status?.nextTry).toBe('2026-05-01T10:00:01Z');
  // The status is out before the next run is planned.
  await isIdle(controller);
  broken = false;
  await clock.advance(1000);
  const stack = await stands('app', 'Ready=True Applied');
  expect(stack.status?.nextTry).toBeUndefined();
  const told = await until('both events are there', async () => {
    const path = `/apis/events.k8s.io/v1/namespaces/${namespace}/events`;
    const { body } = await server.transport.request<{ items: KubeObject[] }>({ method: 'GET', path });
    return body.items.length === 2 ? body.items : undefined;
  });
  expect(told.map(({ type, reason, note }) => `${String(type)} ${String(reason)}: ${String(note)}`).sort()).toEqual([
    'Normal Applied: as wanted',
    'Warning GitUnreachable: no answer',
  ]);
});

test('a defect in one reconcile stops neither the loop nor the other objects', async () => {
  const definition: Partial<ControllerDefinition<Stack>> = {
    reconcile: ({ metadata }) => {
      if (metadata.name === 'bad') (undefined as unknown as { boom(): void }).boom();
      return Promise.resolve(settled('Applied', 'as wanted'));
    },
  };
  await start(definition);
  await server.apply(stackYaml('bad'));
  await server.apply(stackYaml('good'));
  await stands('bad', 'Ready=False Internal', 'Reconciling=True Internal');
  await stands('good', 'Ready=True Applied');
});

test('what only a change can end is stalled, and the change wakes it', async () => {
  await start({
    reconcile: ({ spec }) => {
      if (spec.path === 'wrong') throw failure('PathNotFound', { what: 'there is no such path' });
      return Promise.resolve(waiting('SourceNotReady', 'the source has no revision yet', []));
    },
  });
  await server.apply(stackYaml('app', 'path: wrong'));
  await stands('app', 'Ready=False PathNotFound', 'Stalled=True PathNotFound');
  await change('app', { spec: { path: 'right' } });
  const stack = await stands('app', 'Ready=False SourceNotReady', 'Reconciling=True SourceNotReady');
  expect(stack.status).toMatchObject({ observedGeneration: 2, waitingFor: 'the source has no revision yet' });
});

test('a run that takes too long is aborted and says so', async () => {
  const controller = await start({
    reconcile: (_, { signal }) =>
      new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error))),
  });
  await server.apply(stackYaml('app'));
  await until('it runs', () => Promise.resolve(controller.idle() ? undefined : true));
  await clock.advance(60_000);
  await stands('app', 'Ready=False TimedOut', 'Reconciling=True TimedOut');
});

test('a changed spec takes over from the run in hand', async () => {
  const reasons: string[] = [];
  const controller = await start({
    reconcile: ({ spec }, { signal }) =>
      spec.path === 'slow'
        ? new Promise((_, reject) =>
            signal.addEventListener('abort', () => {
              reasons.push((signal.reason as Error).message);
              reject(signal.reason as Error);
            }),
          )
        : Promise.resolve(settled('Applied', 'as wanted')),
  });
  await server.apply(stackYaml('app', 'path: slow'));
  await until('it runs', () => Promise.resolve(controller.idle() ? undefined : true));
  await change('app', { spec: { path: 'fast' } });
  const stack = await stands('app', 'Ready=True Applied');
  expect(stack.status?.observedGeneration).toBe(2);
  expect(reasons).toEqual(['the Stack was changed']);
});

test('the finalizer is there before the first run, and goes when nothing is left', async () => {
  const seen: string[] = [];
  let left = 1;
  const controller = await start({
    finalizer,
    reconcile: ({ metadata }) => {
      seen.push(`reconcile with ${metadata.finalizers?.join() ?? 'none'}`);
      return Promise.resolve(settled('Applied', 'as wanted'));
    },
    finalize: () => {
      seen.push(`finalize with ${left} left`);
      return Promise.resolve(
        left === 0
          ? settled('Deleting', 'nothing is left')
          : waiting('Deleting', 'one is left', [], clock.now() + 5000),
      );
    },
  });
  await server.apply(stackYaml('app'));
  await stands('app', 'Ready=True Applied');
  await server.delete('plumbline.dev/v1alpha1', 'Stack', 'app', namespace);
  const stack = await stands('app', 'Ready=False Deleting', 'Reconciling=True Deleting');
  expect(stack.status?.nextTry).toBe('2026-05-01T10:00:05Z');
  // The status is out before the next run is planned.
  await isIdle(controller);
  left = 0;
  await clock.advance(5000);
  await until('it is gone', async () => ((await get('app')) === undefined ? true : undefined));
  expect(new Set(seen)).toEqual(
    new Set([`reconcile with ${finalizer}`, 'finalize with 1 left', 'finalize with 0 left']),
  );
});

test('a request to reconcile is acknowledged, though nothing else is new', async () => {
  await start({});
  await server.apply(stackYaml('app'));
  await stands('app', 'Ready=True Applied');
  await change('app', { metadata: { annotations: { 'plumbline.dev/reconcile': 'one' } } });
  await until('it is acknowledged', async () =>
    (await get('app'))?.status?.lastHandledReconcileAt === 'one' ? true : undefined,
  );
});

test('a field that is taken back is removed, and then there is peace', async () => {
  let full = true;
  const controller = await start({
    reconcile: (_, { report }) => {
      const failures = { object: 'ConfigMap/a', reason: 'Forbidden', message: 'no' };
      report(full ? { failures: [failures], failureCount: 1 } : { failures: null, failureCount: 0 });
      return Promise.resolve(settled('Applied', 'as wanted'));
    },
  });
  await server.apply(stackYaml('app'));
  await until('the failure is told', async () => (await get('app'))?.status?.failures);
  full = false;
  controller.wake(`${namespace}/app`);
  await until('it is gone', async () => ((await get('app'))?.status?.failures === undefined ? true : undefined));
  await isIdle(controller);
  const before = requests.length;
  controller.wake(`${namespace}/app`);
  await isIdle(controller);
  expect(requests.length).toBe(before);
});

test('stop lets a run finish within the grace, and its outcome is written', async () => {
  let finish = (): void => undefined;
  const controller = await start({
    reconcile: () => new Promise((resolve) => (finish = () => resolve(settled('Applied', 'as wanted')))),
  });
  await server.apply(stackYaml('app'));
  await until('it runs', () => Promise.resolve(controller.idle() ? undefined : true));
  await clock.advance(0);
  const stopped = controller.stop();
  await clock.advance(1000);
  finish();
  await stopped;
  expect(conditions(await get('app'))).toEqual(['Ready=True Applied']);
});

test('stop aborts what does not finish, and leaves the status as it was', async () => {
  const controller = await start({
    reconcile: (_, { signal }) =>
      new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error))),
  });
  await server.apply(stackYaml('app'));
  await until('it runs', () => Promise.resolve(controller.idle() ? undefined : true));
  const stopped = controller.stop({ graceMs: 5000 });
  await clock.advance(5000);
  await stopped;
  expect((await get('app'))?.status).toBeUndefined();
});
