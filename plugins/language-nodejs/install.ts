/** Installs the packages of a program, and hands on what the package manager says as it says it. */
import { spawn } from 'node:child_process';
import { installArguments, packageManagerOf, workspaceRoot } from './package-manager.ts';
import type { Program } from './program.ts';

export interface Output {
  stdout(chunk: string | Buffer): void;
  stderr(chunk: string | Buffer): void;
}

/** @throws Error when the package manager is missing or fails */
export async function install(program: Program, output: Output, signal: AbortSignal): Promise<void> {
  output.stdout('Installing dependencies...\n\n');
  const root = await workspaceRoot(program.folder);
  if (root !== program.folder) output.stdout(`Workspace of ${root}\n`);
  const manager = packageManagerOf(program, root);
  const child = spawn(manager, installArguments(manager), { cwd: root, stdio: ['ignore', 'pipe', 'pipe'], signal });
  child.stdout.on('data', (chunk: Buffer) => output.stdout(chunk));
  child.stderr.on('data', (chunk: Buffer) => output.stderr(chunk));
  await new Promise<void>((resolve, reject) => {
    child.once('error', (cause: NodeJS.ErrnoException) => {
      const why = cause.code === 'ENOENT' ? 'it is not on the PATH' : cause.message;
      reject(new Error(`${manager} could not be started: ${why}`, { cause }));
    });
    child.once('close', (code) => {
      if (code === 0) resolve();
      else reject(new Error(`\`${manager} install\` in ${root} failed with exit code ${code}`));
    });
  });
  output.stdout('Finished installing dependencies\n\n');
}
