/** `plumbline check`: is the cluster fit for Plumbline, and is the installation healthy. Writes nothing. */
import { Option, type Command } from 'commander';
import { gitSourceKind, stackKind, type GitSource, type Stack } from '#api';
import { addClusterOptions, withCluster, type Cluster, type ClusterOptions } from './cluster.ts';
import { clusterChecks, rightsToInstall, type Check } from './check/cluster.ts';
import { definitionChecks, deploymentCheck, leaseCheck, operatorRights } from './check/installation.ts';
import { policyChecks } from './check/policies.ts';
import { runsCheck } from './check/runs.ts';
import { colour, serialise, withProgress } from './output.ts';
import { idOf, listOwn } from './own-objects.ts';
import { standingOf } from './standing.ts';
import { exitCodes } from './verb.ts';

interface CheckOptions extends ClusterOptions {
  readonly pre?: true;
  readonly output?: 'json' | 'yaml';
}

export function define(command: Command): void {
  addClusterOptions(command)
    .option('--pre', 'only what must be so before `plumbline install`')
    .addOption(new Option('-o, --output <format>', 'output format').choices(['json', 'yaml']))
    .action((options: CheckOptions) =>
      withCluster(options, async (cluster) => {
        const checks = await withProgress('checking', options.pre === true ? before(cluster) : after(cluster));
        const { output } = options;
        process.stdout.write(output === undefined ? checks.map(line).join('') : serialise({ checks }, output));
        if (checks.some(({ ok }) => !ok)) process.exitCode = exitCodes.different;
      }),
    );
}

async function before(cluster: Cluster): Promise<Check[]> {
  const { checks } = await clusterChecks(cluster);
  return [...checks, await rightsToInstall(cluster)];
}

async function after(cluster: Cluster): Promise<Check[]> {
  const { checks, now } = await clusterChecks(cluster);
  const definitions = await definitionChecks(cluster);
  const isServed = definitions.every(({ ok }) => ok);
  const stacks = isServed ? await listOwn<Stack>(cluster, stackKind) : [];
  const sources = isServed ? await listOwn<GitSource>(cluster, gitSourceKind) : [];
  const own = isServed ? [standing(sources, gitSourceKind), standing(stacks, stackKind)] : [];
  return [
    ...checks,
    ...definitions,
    await operatorRights(cluster),
    ...(await policyChecks(cluster)),
    await deploymentCheck(cluster),
    await leaseCheck(cluster, now),
    ...(await runsCheck(cluster, stacks)),
    ...own,
  ];
}

function standing(all: readonly (Stack | GitSource)[], definition: typeof stackKind): Check {
  const failed = all.filter((object) => standingOf(object) === 'Failed').map(idOf);
  const what = `${all.length} objects of kind ${definition.kind}, ${failed.length} failing`;
  if (failed.length === 0) return { ok: true, what };
  return { ok: false, what: `${what}: ${failed.slice(0, 5).join(', ')}`, remedy: 'read `plumbline status`' };
}

const line = ({ ok, what, remedy }: Check): string =>
  `${ok ? colour('green', 'ok    ') : colour('red', 'not ok')}  ${what}${remedy === undefined ? '' : `; ${remedy}`}\n`;
