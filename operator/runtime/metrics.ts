/** Every Prometheus metric of the operator, by the name that dashboards use. */
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';

export interface Metrics {
  readonly registry: Registry;
  readonly queueDepth: Gauge<'kind'>;
  readonly reconcileSeconds: Histogram<'kind'>;
  readonly reconciles: Counter<'kind' | 'result'>;
  readonly apiRequests: Counter<'verb' | 'code'>;
  readonly appliedObjects: Counter<'action'>;
  readonly driftFound: Counter;
  readonly driftHealed: Counter;
  readonly ready: Gauge<'kind' | 'namespace' | 'name'>;
  readonly behindGitSeconds: Gauge<'namespace' | 'name'>;
  readonly waitingPlans: Gauge<'namespace' | 'stack'>;
  readonly cachedObjects: Gauge<'kind'>;
  readonly runs: Counter<'operation' | 'result'>;
  readonly runSeconds: Histogram<'operation'>;
  readonly runResources: Counter<'operation' | 'result'>;
  readonly runWaitSeconds: Histogram;
  readonly runsGoing: Gauge;
  readonly runsWaiting: Gauge;
  readonly runMemoryBytes: Gauge;
}

const seconds = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800, 3600];

export function createMetrics(): Metrics {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry });
  const counter = <L extends string = never>(name: string, help: string, labelNames: L[] = []): Counter<L> =>
    new Counter({ name: `plumbline_${name}`, help, labelNames, registers });
  const gauge = <L extends string = never>(name: string, help: string, labelNames: L[] = []): Gauge<L> =>
    new Gauge({ name: `plumbline_${name}`, help, labelNames, registers });
  const histogram = <L extends string = never>(name: string, help: string, labelNames: L[] = []): Histogram<L> =>
    new Histogram({ name: `plumbline_${name}`, help, labelNames, buckets: seconds, registers });
  return {
    registry,
    queueDepth: gauge('queue_depth', 'Objects that wait to be reconciled.', ['kind']),
    reconcileSeconds: histogram('reconcile_duration_seconds', 'Duration of one reconcile.', ['kind']),
    reconciles: counter('reconcile_total', 'Reconciles by result.', ['kind', 'result']),
    apiRequests: counter('api_requests_total', 'Requests to the API server.', ['verb', 'code']),
    appliedObjects: counter('applied_objects_total', 'Objects applied, by what was done.', ['action']),
    driftFound: counter('drift_found_total', 'Owned objects found changed by somebody else.'),
    driftHealed: counter('drift_healed_total', 'Owned objects put back.'),
    ready: gauge('ready', '1 when the object is Ready, else 0.', ['kind', 'namespace', 'name']),
    behindGitSeconds: gauge('behind_git_seconds', 'Age of the commit that a stack has not applied; 0 when it has.', [
      'namespace',
      'name',
    ]),
    waitingPlans: gauge('waiting_plans', 'Plans that wait for an approval.', ['namespace', 'stack']),
    cachedObjects: gauge('cached_objects', 'Objects held in memory by the watches.', ['kind']),
    runs: counter('pulumi_runs_total', 'Runs of the Pulumi engine by what they were for and how they ended.', [
      'operation',
      'result',
    ]),
    runSeconds: histogram('pulumi_run_duration_seconds', 'Duration of one run, without its wait.', ['operation']),
    runResources: counter('pulumi_resources_total', 'Operations on resources by what was done and whether it failed.', [
      'operation',
      'result',
    ]),
    runWaitSeconds: histogram('pulumi_run_wait_seconds', 'Time that a run waited for memory.'),
    runsGoing: gauge('pulumi_runs_going', 'Runs in hand.'),
    runsWaiting: gauge('pulumi_runs_waiting', 'Runs that wait for memory.'),
    runMemoryBytes: gauge('pulumi_run_memory_reserved_bytes', 'Memory that the runs in hand may take.'),
  };
}
