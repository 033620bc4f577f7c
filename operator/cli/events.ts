/** `plumbline events [stack]`: what the operator told about sources and stacks, oldest first. */
import type { Command } from 'commander';
import { stackKind, type Stack } from '#api';
import { apiFailure, list, resourcePath, type KubeObject } from '#kube';
import { failure } from '#runtime';
import { addClusterOptions, withCluster, type Cluster, type ClusterOptions } from './cluster.ts';
import { addOutputOption, colour, serialise, table, type OutputFormat } from './output.ts';
import { addNamespaceOption, findOwn, type NamespaceOptions } from './own-objects.ts';

interface EventsOptions extends ClusterOptions, NamespaceOptions {
  readonly output?: OutputFormat;
}

interface Event extends KubeObject {
  readonly type: string;
  readonly reason: string;
  readonly note?: string;
  readonly eventTime?: string;
  readonly series?: { readonly count: number; readonly lastObservedTime: string };
  readonly reportingController?: string;
  readonly regarding: { readonly kind: string; readonly name: string; readonly namespace: string };
}

export function define(command: Command): void {
  addOutputOption(addNamespaceOption(addClusterOptions(command)))
    .argument('[stack]', 'name or namespace/name; all sources and stacks when absent')
    .action((stack: string | undefined, options: EventsOptions) =>
      withCluster(options, async (cluster) => {
        const of = stack === undefined ? undefined : await findOwn<Stack>(cluster, stackKind, stack, options);
        const events = await read(cluster, of?.metadata.namespace ?? options.namespace);
        print(
          of === undefined ? events : events.filter(({ regarding }) => isOf(regarding, of.metadata.name)),
          options.output,
        );
      }),
    );
}

const isOf = ({ kind, name }: Event['regarding'], stack: string): boolean => kind === stackKind.kind && name === stack;

async function read(cluster: Cluster, namespace: string | undefined): Promise<Event[]> {
  const resource = await cluster.discovery.resource({ group: 'events.k8s.io', kind: 'Event' });
  if (resource === undefined) throw failure('UnknownKind', { what: 'the API server does not serve events.k8s.io' });
  const events: Event[] = [];
  const query = { fieldSelector: 'reportingController=plumbline.dev/plumbline' };
  const options = { path: resourcePath(resource, { namespace }), query, accept: 'application/json' };
  try {
    for await (const event of list(cluster.transport, options)) events.push(event as Event);
  } catch (error) {
    throw apiFailure(error, { verb: 'list', key: 'Event.events.k8s.io' });
  }
  return events.sort((a, b) => lastSeen(a).localeCompare(lastSeen(b)));
}

const lastSeen = ({ series, eventTime }: Event): string => series?.lastObservedTime ?? eventTime ?? '';

function print(events: readonly Event[], output: OutputFormat | undefined): void {
  if (output === 'json' || output === 'yaml') {
    return void process.stdout.write(serialise({ apiVersion: 'v1', kind: 'List', items: events }, output));
  }
  const rows = events.map((event) => [
    lastSeen(event),
    event.type === 'Warning' ? colour('yellow', event.type) : event.type,
    event.reason,
    `${event.regarding.kind}/${event.regarding.namespace}/${event.regarding.name}`,
    String(event.series?.count ?? 1),
    event.note ?? '',
  ]);
  process.stdout.write(
    events.length === 0 ? 'no events\n' : table(['LAST', 'TYPE', 'REASON', 'OBJECT', 'COUNT', 'NOTE'], rows),
  );
}
