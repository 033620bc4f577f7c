/** The operator as a process of its own, so that it can be killed as a cluster would kill it. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startProcess, type RunningProcess } from '#toolchain';
import { built } from './built.ts';
import { cluster, kubeconfig, until } from './cluster.ts';

export interface TestOperator extends AsyncDisposable {
  readonly folder: string;
  /** Every request to the API server so far, `VERB path status`; there is no Lease to renew. */
  readonly requests: () => Promise<string[]>;
  /** SIGKILL. */
  kill(): Promise<void>;
  /** SIGTERM; the exit code. */
  terminate(): Promise<number | string | undefined>;
  start(): Promise<void>;
  /** What Prometheus would read. */
  metrics(): Promise<string>;
  log(): Promise<string>;
}

/** Starts the operator without leader election, so that a restarted one works at once. */
export async function startTestOperator(...flags: readonly string[]): Promise<TestOperator> {
  const folder = await mkdtemp(join(tmpdir(), 'plumbline-operator-'));
  const port = await freePort();
  let running: RunningProcess | undefined;
  const args = [
    built('operator.js'),
    ...['--kubeconfig', kubeconfig, '--data-folder', join(folder, 'data'), '--probe-address', `127.0.0.1:${port}`],
    '--no-leader-election',
    '--log-level=debug',
    ...flags,
  ];
  const log = (): Promise<string> => readFile(join(folder, 'operator.log'), 'utf8');
  const operator: TestOperator = {
    folder,
    requests: async () => requestsIn(await log()),
    kill: async () => void (await running?.stop('SIGKILL')),
    terminate: async () => running?.stop('SIGTERM'),
    start: async () => {
      running = await startProcess({
        name: 'operator',
        program: process.execPath,
        args,
        logFile: join(folder, 'operator.log'),
      });
      await until(
        'the operator answers',
        () =>
          fetch(`http://127.0.0.1:${port}/readyz`).then(
            ({ ok }) => (ok ? true : undefined),
            () => undefined,
          ),
        55_000,
      );
    },
    log,
    metrics: async () => (await fetch(`http://127.0.0.1:${port}/metrics`)).text(),
    [Symbol.asyncDispose]: async () => {
      await running?.stop('SIGTERM');
      await rm(folder, { recursive: true, force: true });
    },
  };
  // The operator's kinds must be there before it starts.
  await (await cluster())[Symbol.asyncDispose]();
  try {
    await operator.start();
  } catch (error) {
    // It must not go on beside the next test's.
    await operator[Symbol.asyncDispose]();
    throw error;
  }
  return operator;
}

/** Every request that a log of level `debug` tells of, `VERB path status`. */
export const requestsIn = (log: string): string[] =>
  log
    .split('\n')
    .filter((line) => line.includes('"message":"request"'))
    .map((line) => JSON.parse(line) as { verb: string; status: number; path: string })
    .map(({ verb, status, path }) => `${verb} ${path} ${status}`);

/** Comes back once the requests have paused for a while: what was set going before is over. */
export const untilQuiet = (
  requests: () => Promise<readonly string[]>,
  { pauseMs = 1000, withinMs = 15_000 } = {},
): Promise<true> =>
  until(
    `${pauseMs} ms without a request`,
    async () => {
      const { length: before } = await requests();
      await sleep(pauseMs);
      return (await requests()).length === before ? true : undefined;
    },
    withinMs,
  );

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
