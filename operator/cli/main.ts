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
  ['install', 'install the operator into the cluster', () => import('./install.ts')],
  ['uninstall', 'remove the operator from the cluster', () => import('./uninstall.ts')],
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
