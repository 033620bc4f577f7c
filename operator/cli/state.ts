/** `plumbline state export|import|unlock <stack>`: the state of a Pulumi stack that is kept in the cluster. */
import { readFile, writeFile } from 'node:fs/promises';
import { hostname, userInfo } from 'node:os';
import { text } from 'node:stream/consumers';
import { Argument, type Command } from 'commander';
import { stackKind, type Stack } from '#api';
import { createLog, failure, systemClock } from '#runtime';
import { parseExport, StateDesk, withoutPassword } from '#state';
import { addClusterOptions, withCluster, type Cluster, type ClusterOptions } from './cluster.ts';
import { withProgress } from './output.ts';
import { addNamespaceOption, findOwn, idOf, type Live, type NamespaceOptions } from './own-objects.ts';

const actions = ['export', 'import', 'unlock'] as const;
type Action = (typeof actions)[number];

interface StateOptions extends ClusterOptions, NamespaceOptions {
  readonly file?: string;
  readonly showSecrets?: true;
}

export function define(command: Command): void {
  addNamespaceOption(addClusterOptions(command))
    .addArgument(new Argument('<action>', 'what to do').choices(actions))
    .argument('<stack>', 'name or namespace/name')
    .option('--file <file>', 'where the export goes, or comes from, instead of stdout and stdin')
    .option('--show-secrets', 'export: with secrets in plain text')
    .action((action: Action, name: string, options: StateOptions) =>
      withCluster(options, async (cluster) => {
        const stack = await findOwn<Stack>(cluster, stackKind, name, options);
        await work[action](deskOf(cluster, stack, action), stack, options);
      }),
    );
}

const work: Readonly<Record<Action, (desk: StateDesk, stack: Live<Stack>, options: StateOptions) => Promise<void>>> = {
  async export(desk, _, { file, showSecrets = false }) {
    const found = await withProgress('reading the state', desk.export({ showSecrets }));
    const out = `${JSON.stringify(found, undefined, 4)}\n`;
    if (file === undefined) process.stdout.write(out);
    else await writeFile(file, out, { mode: 0o600 });
  },
  async import(desk, stack, { file }) {
    const given = parseExport(
      file === undefined ? await text(process.stdin) : await readFile(file, 'utf8'),
      file ?? 'stdin',
    );
    const { project, stack: named = stack.metadata.name } = stack.spec.pulumi ?? {};
    const wanted = { project, stack: named.split('/').at(-1) ?? named };
    const count = await withProgress('writing the state', desk.import(given, wanted));
    process.stdout.write(`Stack ${idOf(stack)} has a state of ${count} resources now\n`);
  },
  async unlock(desk, stack) {
    const dead = await withProgress('waiting whether the holder of the lock is alive', desk.unlock());
    const said = dead === undefined ? 'was not locked' : `was locked by ${dead}, which is gone; it is free now`;
    process.stdout.write(`The state of Stack ${idOf(stack)} ${said}\n`);
  },
};

/** @throws Failure CommandInvalid for a stack whose state is not in the cluster */
function deskOf({ transport }: Cluster, stack: Live<Stack>, action: Action): StateDesk {
  const { name, namespace = '' } = stack.metadata;
  const { engine, pulumi } = stack.spec;
  const what = `Stack ${idOf(stack)}`;
  if (engine !== 'pulumi')
    throw failure('CommandInvalid', { what: `${what} has no state`, expected: 'engine: pulumi', found: engine });
  if (pulumi?.backend !== undefined)
    throw failure('CommandInvalid', {
      what: `${what} keeps its state at ${withoutPassword(pulumi.backend)}`,
      remedy: `run \`pulumi ${action === 'unlock' ? 'cancel' : `stack ${action}`}\` with PULUMI_BACKEND_URL set to it`,
    });
  return new StateDesk({
    transport,
    clock: systemClock,
    log: createLog({ level: 'error', clock: systemClock }),
    identity: `${userInfo().username}@${hostname()} (plumbline state ${action})`,
    stack: { name, namespace },
    passphrase: pulumi?.passphraseSecretRef,
    secretsProvider: pulumi?.secretsProvider ?? 'passphrase',
    signal: new AbortController().signal,
  });
}
