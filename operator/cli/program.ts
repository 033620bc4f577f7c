/** All verbs in one program; a verb's file is loaded when it is the one that runs. */
import { Command } from 'commander';
// eslint-disable-next-line no-restricted-imports -- the version stands in one place; no room exports it
import packageJson from '../../package.json' with { type: 'json' };
import { exitCodes, type Verb } from './verb.ts';

/** One line a verb: name, what it does, its file. */
const verbs: readonly (readonly [name: string, summary: string, load: () => Promise<Verb>])[] = [
  ['init', 'make a new platform repository', () => import('./init.ts')],
  ['synth', 'write the YAML of the charts', () => import('./synth.ts')],
  ['diff', 'show what a working tree, branch or commit would change', () => import('./diff.ts')],
  ['preview', 'show the plan of a working tree, branch or commit', () => import('./preview.ts')],
  ['plans', 'show what waits for an approval', () => import('./plans.ts')],
  ['plan', 'show a plan, field by field', () => import('./plan.ts')],
  ['approve', 'let a plan be applied', () => import('./approve.ts')],
  ['reject', 'keep a plan from being applied', () => import('./reject.ts')],
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
  ['import', "say another operator's manifests in Plumbline's words", () => import('./import.ts')],
  ['state', 'export or import the state of a Pulumi stack, or free its lock', () => import('./state.ts')],
  ['completion', 'print a completion script for bash, zsh or fish', () => import('./completion.ts')],
];

/** With the named verb loaded alone, so that the start is quick; all of them for `completion`, which prints their options. */
export async function buildProgram(invokedAs: string, wanted: string | undefined): Promise<Command> {
  const program = new Command(invokedAs)
    .description('The cluster hangs true to Git.')
    .version(packageJson.version)
    .addHelpText('after', exitCodesHelp)
    .exitOverride();
  for (const [name, summary, load] of verbs) {
    const command = program.command(name).description(summary).exitOverride();
    if (name === wanted || wanted === 'completion') (await load()).define(command, { environment: process.env });
  }
  return program;
}

const exitCodesHelp = `
Exit codes:
  ${exitCodes.ok}  done, or nothing differs
  ${exitCodes.different}  different, stale, not ready, or not ok
  ${exitCodes.failed}  wrong usage, or a failure`;
