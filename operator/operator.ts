/** The operator as a process: connects, answers probes, joins the election, works while it leads, stops in order. */
import { annotations } from '#api';
import type { Config } from '#config';
import { apiFailure, Discovery, loadClusterConfig, Transport } from '#kube';
import { lead, startProbes } from '#loop';
import { backoffMs, createLog, createMetrics, failure, programPath, systemClock } from '#runtime';
import { startWork, type Work, type WorkOptions } from './work.ts';

export interface Operator {
  /** Finishes or cleanly abandons the work in hand. */
  stop(why: string): Promise<void>;
  /** The exit code, once everything has ended. */
  readonly stopped: Promise<number>;
}

/** Connects, answers probes, waits for the lead, then reconciles until stopped. */
export async function startOperator(config: Config): Promise<Operator> {
  const clock = systemClock;
  const log = createLog({ level: config.logLevel, clock });
  const metrics = createMetrics();
  const cluster = await loadClusterConfig(config);
  const transport = new Transport(cluster, {
    connections: config.connections,
    onRequest: ({ verb, status, path }) => {
      metrics.apiRequests.inc({ verb, code: String(status) });
      log.debug('request', { verb, status, path });
    },
  });
  const base: WorkOptions = { config, clock, log, metrics, transport, discovery: new Discovery(transport), cluster };
  let working: Work | undefined;
  const stopping = new AbortController();
  const probes = await startProbes({
    address: config.probeAddress,
    metrics,
    ready: () => working !== undefined || config.leaderElection,
    refresh: () => working?.fillGauges(),
  });
  const stopped = (async (): Promise<number> => {
    try {
      await lead({
        transport,
        clock,
        log,
        namespace: config.namespace,
        identity: config.identity,
        annotations: {
          [annotations.pulumi]: programPath('pulumi', config.gitEnvironment['PATH']) ?? 'missing',
          [annotations.pulumiMemory]: String(config.pulumiMemoryMiB),
        },
        enabled: config.leaderElection,
        signal: stopping.signal,
        run: async (signal) => {
          working = await startPatiently(base, signal);
          await aborted(signal);
          // Who lost the lead must not go on writing beside the new leader; who is told to stop may finish.
          await working?.stop(stopping.signal.aborted ? {} : { graceMs: 0 });
        },
      });
      return 0;
    } catch (error) {
      log.error('the operator ended', { error });
      return 1;
    } finally {
      await probes.stop();
      await transport.close();
    }
  })();
  return {
    stopped,
    stop: async (why) => {
      log.info('stopping', { why });
      stopping.abort(failure('Superseded', { what: `told to stop: ${why}` }));
      await stopped;
    },
  };
}

const startLimits = { firstMs: 200, longestMs: 10_000 };

/** An API server that is away for a moment is waited for: ending would only make the cluster start us ever later. */
async function startPatiently(base: WorkOptions, signal: AbortSignal): Promise<Work | undefined> {
  for (let attempt = 1; !signal.aborted; attempt += 1) {
    try {
      return await startWork(base);
    } catch (error) {
      const { reason, message } = apiFailure(error, { verb: 'list' });
      if (reason !== 'ApiUnavailable') throw error;
      base.log.warn('the work could not begin', { attempt, reason: message });
      await base.clock.sleep(backoffMs(attempt, startLimits, Math.random), { signal }).catch(() => undefined);
    }
  }
  return undefined;
}

const aborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) return resolve();
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
