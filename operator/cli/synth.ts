/** `plumbline synth [folder]`: writes the YAML of the charts, compares it (--check) or commits it (--commit). */
import { join } from 'node:path';
import type { Command } from 'commander';
import { colour, withProgress } from './output.ts';
import {
  compare,
  readFiles,
  readProgram,
  runProgram,
  writeChanges,
  type FileChange,
  type Program,
} from './synth-program.ts';
import { exitCodes, type VerbContext } from './verb.ts';

interface SynthOptions {
  readonly check?: true;
  readonly commit?: true;
  readonly message?: string;
}

export function define(command: Command, { environment }: VerbContext): void {
  command
    .argument('[folder]', 'folder that holds cdk8s.yaml', '.')
    .option('--check', 'write nothing; exit with 1 when the output is not what the program makes')
    .option('--commit', 'commit the output folder, and nothing else')
    .option('-m, --message <subject>', 'subject of the commit', 'Synthesise the charts')
    .action(async (folder: string, options: SynthOptions) => {
      const program = await readProgram(folder);
      const wanted = await withProgress(`running ${program.app}`, runProgram(program, { ...environment }));
      const output = join(folder, program.output);
      const changes = compare(await readFiles(output), wanted);
      if (options.check) return check(program, changes);
      await writeChanges(output, wanted, changes);
      process.stdout.write(
        `${wanted.size} files in ${output}: ${changes.length === 0 ? 'nothing changed' : `${changes.length} changed`}\n`,
      );
      if (options.commit) await commit(program, options.message ?? '');
    });
}

function check({ output }: Program, changes: readonly FileChange[]): void {
  for (const { file, state } of changes) process.stdout.write(`${colour('red', state)} ${join(output, file)}\n`);
  if (changes.length === 0) return;
  process.stdout.write('run `plumbline synth` and commit the result\n');
  process.exitCode = exitCodes.different;
}

async function commit(program: Program, subject: string): Promise<void> {
  const { commitOutput } = await import('./commit-output.ts');
  const sha = await commitOutput(program, subject);
  process.stdout.write(sha === undefined ? 'nothing to commit\n' : `committed ${sha}\n`);
}
