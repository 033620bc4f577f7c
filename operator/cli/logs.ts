/** `plumbline logs [stack]`: the lines that the operator's pods have written, through the API server. */
import { Option, type Command } from 'commander';
import { gitSourceKind, parseDuration, stackKind, type GitSource, type Stack } from '#api';
import { apiFailure, list, resourcePath, Transport, type KubeObject } from '#kube';
import { failure } from '#runtime';
import { addClusterOptions, withCluster, type Cluster, type ClusterOptions } from './cluster.ts';
import { operatorDeployment, resourceOf } from './installation.ts';
import { linesOf, matches, readable, type LogFilter } from './log-lines.ts';
import { addNamespaceOption, findOwn, idOf, type NamespaceOptions } from './own-objects.ts';

interface LogsOptions extends ClusterOptions, NamespaceOptions {
  readonly source?: true;
  readonly follow?: true;
  readonly since?: string;
  readonly tail?: string;
  readonly output?: 'json';
}

export interface Pod extends KubeObject {
  readonly status?: {
    readonly phase?: string;
    readonly containerStatuses?: readonly { readonly state?: { readonly waiting?: { readonly reason?: string } } }[];
  };
}

export function define(command: Command): void {
  addNamespaceOption(addClusterOptions(command))
    .argument('[stack]', 'name or namespace/name; the whole log when absent')
    .option('--source', 'the name is that of a GitSource')
    .option('-f, --follow', 'go on with what is written from now on')
    .option('--since <duration>', 'only lines of the last so long, such as 5m')
    .option('--tail <lines>', 'only so many lines, counted before they are chosen by stack')
    .addOption(new Option('-o, --output <format>', 'the lines as they are written').choices(['json']))
    .action((name: string | undefined, options: LogsOptions) =>
      withCluster(options, (cluster) => logs(cluster, name, options)),
    );
}

async function logs(cluster: Cluster, name: string | undefined, options: LogsOptions): Promise<void> {
  const query = queryOf(options);
  const filter = name === undefined ? undefined : await filterOf(cluster, name, options);
  const pods = choosePods(await podsOf(cluster));
  // A log may be silent for as long as it likes.
  const streams = new Transport(cluster.config, { silenceMs: 0 });
  const show = async (pod: Pod): Promise<void> => {
    const { name: podName, namespace = '' } = pod.metadata;
    const path = `/api/v1/namespaces/${namespace}/pods/${podName}/log`;
    try {
      const body = await streams.stream({ method: 'GET', path, query, accept: '*/*' });
      for await (const line of linesOf(body)) {
        if (matches(line, filter)) process.stdout.write(`${options.output === 'json' ? line : readable(line)}\n`);
      }
    } catch (error) {
      throw apiFailure(error, { verb: 'get', key: `Pod/${namespace}/${podName}` });
    }
  };
  try {
    if (options.follow) await Promise.all(pods.map(show));
    else for (const pod of pods) await show(pod);
  } finally {
    await streams.close();
  }
}

/** @throws Failure CommandInvalid naming the option */
export function queryOf({
  follow,
  since,
  tail,
}: Pick<LogsOptions, 'follow' | 'since' | 'tail'>): Record<string, string> {
  if (since !== undefined && !/^([0-9]+(\.[0-9]+)?(ms|s|m|h))+$/.test(since)) {
    throw failure('CommandInvalid', {
      where: '--since',
      what: 'no duration',
      expected: 'one like 90s, 5m or 1h30m',
      found: since,
    });
  }
  if (tail !== undefined && !/^[0-9]+$/.test(tail)) {
    throw failure('CommandInvalid', {
      where: '--tail',
      what: 'no number of lines',
      expected: 'a whole number',
      found: tail,
    });
  }
  return {
    ...(follow === true ? { follow: 'true' } : {}),
    ...(since === undefined ? {} : { sinceSeconds: String(Math.max(1, Math.ceil(parseDuration(since) / 1000))) }),
    ...(tail === undefined ? {} : { tailLines: tail }),
  };
}

async function filterOf(cluster: Cluster, name: string, options: LogsOptions): Promise<LogFilter> {
  const definition = options.source === true ? gitSourceKind : stackKind;
  const found = await findOwn<Stack | GitSource>(cluster, definition, name, options);
  return { kind: definition.kind, id: idOf(found) };
}

async function podsOf(cluster: Cluster): Promise<Pod[]> {
  const { namespace, labels } = await operatorDeployment();
  const labelSelector = Object.entries(labels)
    .map(([label, value]) => `${label}=${value}`)
    .join(',');
  const resource = await resourceOf(cluster, { apiVersion: 'v1', kind: 'Pod', metadata: { name: '' } });
  if (resource === undefined) throw failure('UnknownKind', { what: 'the API server serves no pods' });
  const pods: Pod[] = [];
  const options = { path: resourcePath(resource, { namespace }), query: { labelSelector }, accept: 'application/json' };
  try {
    for await (const pod of list(cluster.transport, options)) pods.push(pod);
  } catch (error) {
    throw apiFailure(error, { verb: 'list', key: 'Pod' });
  }
  return pods;
}

/** Those that run, the oldest first. @throws Failure CommandInvalid that says how the others stand */
export function choosePods(pods: readonly Pod[]): Pod[] {
  const born = ({ metadata }: Pod): string => metadata.creationTimestamp ?? '';
  const running = pods.filter(({ status }) => status?.phase === 'Running');
  if (running.length > 0) return running.sort((a, b) => born(a).localeCompare(born(b)));
  const states = pods.map(({ metadata, status }) => {
    const waiting = status?.containerStatuses?.find(({ state }) => state?.waiting !== undefined)?.state?.waiting;
    return `${metadata.name} is ${[status?.phase ?? 'Pending', waiting?.reason].filter(Boolean).join(', ')}`;
  });
  throw failure('CommandInvalid', {
    what: `no pod of the operator is running${states.length === 0 ? '' : ` (${states.join('; ')})`}`,
    remedy: 'run `plumbline check`',
  });
}
