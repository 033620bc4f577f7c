/** `plumbline reconcile <stack>`: has a stack, its source, or a source alone looked at now, and waits for the result. */
import type { Command } from 'commander';
import {
  annotations,
  gitSourceKind,
  parseDuration,
  stackKind,
  type GitSource,
  type KindDefinition,
  type Stack,
} from '#api';
import { failure, systemClock } from '#runtime';
import { addClusterOptions, withCluster, type Cluster, type ClusterOptions } from './cluster.ts';
import { colour, withProgress } from './output.ts';
import { addNamespaceOption, findOwn, idOf, mark, readyOf, type Live, type NamespaceOptions } from './own-objects.ts';
import { standingOf } from './standing.ts';
import { exitCodes } from './verb.ts';

interface ReconcileOptions extends ClusterOptions, NamespaceOptions {
  readonly source?: true;
  readonly withSource?: true;
  readonly wait: boolean;
  readonly timeout: string;
}

const askMs = 250;

export function define(command: Command): void {
  addNamespaceOption(addClusterOptions(command))
    .argument('<name>', 'name or namespace/name of the stack')
    .option('--source', 'the name is that of a GitSource')
    .option('--with-source', 'fetch the source of the stack first')
    .option('--no-wait', 'do not wait for the result')
    .option('--timeout <duration>', 'how long to wait', '5m')
    .action((name: string, options: ReconcileOptions) =>
      withCluster(options, (cluster) => reconcile(cluster, name, options)),
    );
}

async function reconcile(cluster: Cluster, name: string, options: ReconcileOptions): Promise<void> {
  if (options.source === true) return run(cluster, gitSourceKind, name, options);
  if (options.withSource === true) {
    const { spec, metadata } = await findOwn<Stack>(cluster, stackKind, name, options);
    const namespace = spec.sourceRef.namespace ?? metadata.namespace;
    await run(cluster, gitSourceKind, `${namespace}/${spec.sourceRef.name}`, options);
  }
  return run(cluster, stackKind, name, options);
}

async function run(
  cluster: Cluster,
  definition: KindDefinition,
  name: string,
  options: ReconcileOptions,
): Promise<void> {
  const before = await findOwn<Stack | GitSource>(cluster, definition, name, options);
  const what = `${definition.kind} ${idOf(before)}`;
  if (before.spec.suspend) {
    throw failure('CommandInvalid', { what: `${what} is suspended`, remedy: `run \`plumbline resume\` first` });
  }
  const asked = `${new Date().toISOString()}-${process.pid}`;
  await mark(cluster, before, { metadata: { annotations: { [annotations.reconcile]: asked } } });
  if (!options.wait) return void process.stdout.write(`${what} will be looked at\n`);
  const after = await withProgress(`waiting for ${what}`, settled(cluster, before, asked, options));
  const good = standingOf(after) === 'Ready';
  process.stdout.write(`${colour(good ? 'green' : 'red', what)}: ${readyOf(after)?.message ?? ''}\n`);
  if (!good) process.exitCode = exitCodes.different;
}

/** The object, once the request was taken up and it is no longer on its way. @throws Failure TimedOut */
async function settled(
  cluster: Cluster,
  object: Live<Stack | GitSource>,
  asked: string,
  { timeout }: ReconcileOptions,
): Promise<Live<Stack | GitSource>> {
  const definition = object.kind === stackKind.kind ? stackKind : gitSourceKind;
  const until = systemClock.now() + parseDuration(timeout);
  for (;;) {
    const now = await findOwn<Stack | GitSource>(cluster, definition, idOf(object), {});
    if (now.status?.lastHandledReconcileAt === asked && standingOf(now) !== 'Progressing') return now;
    if (systemClock.now() > until) {
      const said = readyOf(now)?.message ?? 'the operator has not looked at it: is it running?';
      throw failure('TimedOut', { what: `${definition.kind} ${idOf(now)} is not settled after ${timeout}: ${said}` });
    }
    await systemClock.sleep(askMs);
  }
}
