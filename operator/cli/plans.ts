/** `plumbline plans [stack]`: what stacks would change, and who has agreed; exits with 1 when one waits. */
import type { Command } from 'commander';
import { labels, planKind, stackKind, type PlanObject, type Stack } from '#api';
import { failure } from '#runtime';
import { addClusterOptions, withCluster, type Cluster, type ClusterOptions } from './cluster.ts';
import { addOutputOption, colour, serialise, table, type OutputFormat } from './output.ts';
import { addNamespaceOption, findOwn, idOf, listOwn, type Live, type NamespaceOptions } from './own-objects.ts';
import { exitCodes } from './verb.ts';

interface PlansOptions extends ClusterOptions, NamespaceOptions {
  readonly output?: OutputFormat;
}

export function define(command: Command): void {
  addOutputOption(addNamespaceOption(addClusterOptions(command)))
    .argument('[stack]', 'name or namespace/name; all stacks when absent')
    .action((stack: string | undefined, options: PlansOptions) =>
      withCluster(options, async (cluster) => {
        const of = stack === undefined ? undefined : await findOwn<Stack>(cluster, stackKind, stack, options);
        const plans = await plansOf(cluster, of?.metadata.namespace ?? options.namespace, of?.metadata.name);
        if (plans.some(({ status }) => status?.phase === 'AwaitingApproval')) process.exitCode = exitCodes.different;
        print(plans, options.output);
      }),
    );
}

/** Newest first. */
async function plansOf(cluster: Cluster, namespace?: string, stack?: string): Promise<Live<PlanObject>[]> {
  const selector = stack === undefined ? {} : { selector: `${labels.planOf}=${stack}` };
  const plans = await listOwn<PlanObject>(cluster, planKind, { namespace, ...selector });
  const created = ({ metadata }: Live<PlanObject>): string => metadata.creationTimestamp ?? '';
  return plans.sort((a, b) => created(b).localeCompare(created(a)));
}

/** The plan of that name, or the newest one of the stack of that name that is still to be applied. @throws Failure CommandInvalid */
export async function findPlan(cluster: Cluster, name: string, options: NamespaceOptions): Promise<Live<PlanObject>> {
  const slash = name.indexOf('/');
  const namespace = slash < 0 ? options.namespace : name.slice(0, slash);
  const last = name.slice(slash + 1);
  const all = await plansOf(cluster, namespace);
  const named = all.filter(({ metadata }) => metadata.name === last);
  const open = all.filter(({ spec, status }) => spec.stack === last && isOpen(status?.phase));
  const found = named.length > 0 ? named : open.slice(0, new Set(open.map((plan) => plan.metadata.namespace)).size);
  const [only] = found;
  if (only !== undefined && found.length === 1) return only;
  throw failure('CommandInvalid', {
    what:
      only === undefined ? `no plan is called ${name}, and no stack of that name has one` : `${name} is not one plan`,
    remedy: only === undefined ? 'see `plumbline plans`' : `say which: ${found.map(idOf).join(' or ')}`,
  });
}

const isOpen = (phase: string | undefined): boolean => phase !== 'Applied' && phase !== 'Stale';

const colours = {
  AwaitingApproval: 'yellow',
  Approved: 'green',
  Rejected: 'red',
  Applied: 'green',
  Stale: 'dim',
} as const;

function print(plans: readonly Live<PlanObject>[], output: OutputFormat | undefined): void {
  if (output === 'json' || output === 'yaml')
    return void process.stdout.write(serialise({ apiVersion: 'v1', kind: 'List', items: plans }, output));
  const rows = plans.map(({ metadata, spec, status }) => [
    metadata.namespace ?? '',
    metadata.name,
    spec.stack,
    status?.phase === undefined ? 'new' : colour(colours[status.phase], status.phase),
    `+${spec.created} ~${spec.updated} -+${spec.replaced} -${spec.deleted}${spec.refused === 0 ? '' : ` !${spec.refused}`}`,
    ...(output === 'wide' ? [spec.digest] : []),
    status?.message ?? '',
  ]);
  const more = output === 'wide' ? ['DIGEST'] : [];
  const header = ['NAMESPACE', 'PLAN', 'STACK', 'PHASE', 'CHANGES', ...more, 'MESSAGE'];
  process.stdout.write(plans.length === 0 ? 'no plans\n' : table(header, rows));
}
