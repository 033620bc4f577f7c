/** The command `plumbline`, also `kubectl plumbline`: runs the verb, says failures in one sentence. */
import { basename } from 'node:path';
import { CommanderError } from 'commander';
import { asFailure } from '#runtime';
import { buildProgram } from './program.ts';
import { exitCodes } from './verb.ts';

async function main(argv: readonly string[]): Promise<void> {
  const words = argv.filter((word) => !word.startsWith('-'));
  const invokedAs = basename(process.argv[1] ?? '').startsWith('kubectl-') ? 'kubectl plumbline' : 'plumbline';
  const program = await buildProgram(invokedAs, words[0] === 'help' ? words[1] : words[0]);
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
