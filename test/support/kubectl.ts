/** The real kubectl against the API server of the tests. */
import { tmpdir } from 'node:os';
import { runProgram, systemClock } from '#runtime';
import { toolPaths } from '#toolchain';
import { kubeconfig } from './cluster.ts';

/** What it printed. @throws what it said instead. */
export async function kubectl(args: readonly string[], input = '', file = kubeconfig): Promise<string> {
  const { kubectl: program } = await toolPaths(['kubectl']);
  const { code, stdout, stderr } = await runProgram(program, args, {
    clock: systemClock,
    cwd: tmpdir(),
    env: { KUBECONFIG: file, HOME: tmpdir() },
    input,
    timeoutMs: 30_000,
  });
  if (code !== 0) throw new Error(`kubectl ${args.join(' ')}: ${stderr}`);
  return stdout;
}
