/** The command `plumbline`, also `kubectl plumbline`: finds the verb, loads its file only, says failures in one sentence. */
import { basename } from 'node:path';
import { Command, CommanderError } from 'commander';
// eslint-disable-next-line no-restricted-imports -- the version stands in one place; no room exports it
import packageJson from '../../package.json' with { type: 'json' };
import { asFailure } from '#runtime';
import { exitCodes, type Verb } from './verb.ts';

/** One line a verb: name, what it does, its file. */
const verbs: readonly (readonly [name: string, summary: string, load: () => Promise<Verb>])[] = [
  ['init', 'make a new platform repository', () => import('./init.ts')],
  ['synth', 'write the YAML of the charts', () => import('./synth.ts')],
  ['diff', 'show what a working tree, branch or commit would change', () => import('./diff.ts')],
  ['install', 'install the operator into the cluster', () => import('./install.ts')],
  ['uninstall', 'remove the operator from the cluster', () => import('./uninstall.ts')],
  ['check', 'tell whether the cluster is fit and the installation healthy', () => import('./check.ts')],
  ['status', 'show how sources and stacks stand', () => import('./status.ts')],
  ['tree', 'show what each stack owns', () => import('./tree.ts')],
  ['history', 'show the applied revisions of a stack', () => import('./history.ts')],
  ['why', 'tell which stack, commit and author an object comes from', () => import('./why.ts')],
  ['events', 'show what the operator told', () => import('./events.ts')],
  ['logs', "show the operator's log", () => import('./logs.ts')],
  ['reconcile', 'have a stack or source looked at now', () => import('./reconcile.ts')],
  ['suspend', 'leave a stack or source alone', () => import('./suspend.ts')],
  ['resume', 'look after a stack or source again', () => import('./resume.ts')],
  ['completion', 'print a completion script for bash, zsh or fish', () => import('./completion.ts')],
];

/** Builds the program with the named verb loaded; all of them for `completion`, which prints their options. */
async function build(wanted: string | undefined): Promise<Command> {
  const invokedAs = basename(process.argv[1] ?? '').startsWith('kubectl-') ? 'kubectl plumbline' : 'plumbline';
  const program = new Command(invokedAs)
    .description('The cluster hangs true to Git.')
    .version(packageJson.version)
    .exitOverride();
  for (const [name, summary, load] of verbs) {
    const command = program.command(name).description(summary).exitOverride();
    if (name === wanted || wanted === 'completion') (await load()).define(command, { environment: process.env });
  }
  return program;
}

async function main(argv: readonly string[]): Promise<void> {
  const words = argv.filter((word) => !word.startsWith('-'));
  const program = await build(words[0] === 'help' ? words[1] : words[0]);
  try {
    await program.parseAsync(argv, { from: 'user' });
  } catch (error) {
    // Commander has said its sentence already; help and version end with 0.
    const said = error instanceof CommanderError;
    if (!said) process.stderr.write(`plumbline: ${asFailure(error).message}\n`);
    process.exitCode = said && error.exitCode === 0 ? exitCodes.ok : exitCodes.failed;
  }
}

await main(process.argv.slice(2));
