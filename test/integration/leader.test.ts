import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { loadClusterConfig, Transport, type KubeObject } from '#kube';
import { lead } from '#loop';
import { createLog, ManualClock, systemClock } from '#runtime';
import { cluster, kubeconfig, testNamespace, until, type TestCluster } from '#testing';

const log = createLog({ level: 'error', clock: systemClock });
let server: TestCluster;
let namespace: string;
let started: AsyncDisposableStack;

beforeEach(async () => {
  started = new AsyncDisposableStack();
  server = started.use(await cluster());
  namespace = await testNamespace(server);
}, 60_000);
afterEach(() => started.disposeAsync());

/** An operator with a clock of its own: one whose clock stands still has hung. */
class Candidate {
  readonly clock = new ManualClock(Date.parse('2026-05-01T10:00:00Z'));
  readonly #stop = new AbortController();
  readonly ended: Promise<string>;
  leading = false;

  constructor(identity: string, transport = server.transport) {
    this.ended = lead({
      transport,
      clock: this.clock,
      log,
      namespace,
      identity,
      enabled: true,
      signal: this.#stop.signal,
      random: () => 0.5,
      run: async (signal) => {
        this.leading = true;
        if (!signal.aborted) await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
        this.leading = false;
      },
    }).then(
      () => 'stopped',
      (error: unknown) => (error as Error).message,
    );
    started.defer(async () => {
      await this.stop();
    });
  }

  stop(): Promise<string> {
    this.#stop.abort(new Error('stop'));
    return this.ended;
  }

  /** Lets time pass in steps that leave requests the time to be answered. */
  async pass(ms: number): Promise<void> {
    for (let passed = 0; passed < ms; passed += stepMs) await this.#step();
  }

  /** Lets time pass until it is so; the seconds that it took. */
  async secondsUntil(check: () => boolean): Promise<number> {
    const from = this.clock.now();
    await until('it is so', async () => {
      if (check()) return true;
      await this.#step();
      return undefined;
    });
    return (this.clock.now() - from) / 1000;
  }

  secondsToLead(): Promise<number> {
    return this.secondsUntil(() => this.leading);
  }

  async #step(): Promise<void> {
    await this.clock.advance(stepMs);
    await sleep(10);
  }
}

const stepMs = 500;

interface LeaseObject extends KubeObject {
  readonly spec: { readonly holderIdentity: string; readonly renewTime: string; readonly leaseTransitions: number };
}

const lease = async (): Promise<LeaseObject['spec'] | undefined> =>
  (await server.get<LeaseObject>('coordination.k8s.io/v1', 'Lease', 'plumbline', namespace))?.spec;

test('the first leads, the second waits, and takes over soon after a clean stop', async () => {
  const first = new Candidate('first');
  await first.secondsToLead();
  expect(await lease()).toMatchObject({ holderIdentity: 'first', leaseTransitions: 0 });
  const second = new Candidate('second');
  await second.pass(10_000);
  expect(second.leading).toBe(false);
  expect(await first.stop()).toBe('stopped');
  expect(await second.secondsToLead()).toBeLessThan(10);
  expect(await lease()).toMatchObject({ holderIdentity: 'second', leaseTransitions: 1 });
});

test('a leader renews, and one that waits respects it', async () => {
  const first = new Candidate('first');
  await first.secondsToLead();
  const second = new Candidate('second');
  let renewed = (await lease())?.renewTime;
  for (let round = 0; round < 3; round += 1) {
    await first.pass(6000);
    const now = (await lease())?.renewTime;
    expect(now).not.toBe(renewed);
    renewed = now;
    await second.pass(6000);
  }
  expect([first.leading, second.leading]).toEqual([true, false]);
});

test('a leader that hangs is replaced when its lease has run out, and stops when it wakes up', async () => {
  const first = new Candidate('first');
  await first.secondsToLead();
  const second = new Candidate('second');
  expect(await second.secondsToLead()).toBeGreaterThanOrEqual(15);
  expect(await first.secondsUntil(() => !first.leading)).toBeLessThan(10);
  expect(await first.ended).toBe('another operator took the lead');
  expect([first.leading, second.leading]).toEqual([false, true]);
  expect(await lease()).toMatchObject({ holderIdentity: 'second' });
});

test('a leader that cannot reach the API server gives up before the others may take over', async () => {
  const transport = new Transport(await loadClusterConfig({ kubeconfig }));
  const first = new Candidate('first', transport);
  await first.secondsToLead();
  await transport.close();
  expect(await first.secondsUntil(() => !first.leading)).toBeLessThanOrEqual(10.5);
  expect(await first.ended).toBe('the lease could not be renewed for 10 s');
});

test('a lease that somebody else writes to is kept', async () => {
  const first = new Candidate('first');
  await first.secondsToLead();
  const before = (await lease())?.renewTime;
  await server.edit(
    { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', name: 'plumbline', namespace },
    { metadata: { annotations: { note: 'looked at' } } },
  );
  await first.pass(8000);
  expect((await lease())?.renewTime).not.toBe(before);
  expect(first.leading).toBe(true);
});

test('one that waits ends quietly when it is told to stop', async () => {
  const first = new Candidate('first');
  await first.secondsToLead();
  const second = new Candidate('second');
  await second.pass(2000);
  expect(await second.stop()).toBe('stopped');
  expect(second.leading).toBe(false);
});
