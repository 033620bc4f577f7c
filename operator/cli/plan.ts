/** `plumbline plan show <plan|stack>`: what a plan would change, field by field, and who has said what. */
import { Argument, type Command } from 'commander';
import type { PlanObject } from '#api';
import { addClusterOptions, withCluster, type ClusterOptions } from './cluster.ts';
import { planText } from './diff/plan-text.ts';
import { tell, type DiffFormat } from './diff/print.ts';
import { addOutputOption, serialise } from './output.ts';
import { addNamespaceOption, type NamespaceOptions } from './own-objects.ts';
import { findPlan } from './plans.ts';

interface PlanOptions extends ClusterOptions, NamespaceOptions {
  readonly output?: DiffFormat;
}

export function define(command: Command): void {
  addOutputOption(addNamespaceOption(addClusterOptions(command)))
    .addArgument(new Argument('<what>', 'what to do with it').choices(['show']))
    .argument('<plan>', 'name or namespace/name of a plan, or of a stack')
    .action((_: string, name: string, options: PlanOptions) =>
      withCluster(options, async (cluster) => {
        const plan = await findPlan(cluster, name, options);
        const { output } = options;
        if (output === 'json' || output === 'yaml') process.stdout.write(serialise(plan, output));
        else
          process.stdout.write(
            tell([planText(`${plan.metadata.namespace}/${plan.spec.stack}`, plan.spec, notesOf(plan))], output),
          );
      }),
    );
}

function notesOf({ metadata, spec, status }: PlanObject): string[] {
  const said = (status?.approvals ?? []).map(({ user, verdict, by, time }) => `${verdict} by ${user}, ${by}, ${time}`);
  return [
    `${metadata.name} is ${status?.phase ?? 'new'}${tellsWhy(status?.phase) ? `: ${status?.message ?? ''}` : ''}`,
    `first seen in ${spec.revision}, by ${spec.commit.author}: ${spec.commit.subject}`,
    ...said,
  ];
}

/** What a plan waits for stands in its phase; why it is stale, or who agreed, does not. */
const tellsWhy = (phase: string | undefined): boolean => phase !== undefined && phase !== 'AwaitingApproval';
