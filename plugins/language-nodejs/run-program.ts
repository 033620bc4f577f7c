/** Runs a program to its end, by the runner of the program's own @pulumi/pulumi. */
import { spawn, type ChildProcess } from 'node:child_process';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Program } from './program.ts';

export interface Run {
  readonly program: Program;
  readonly engine: string;
  readonly monitor: string;
  readonly organization: string;
  readonly project: string;
  readonly stack: string;
  readonly dryRun: boolean;
  readonly parallel: number;
  readonly args: readonly string[];
  readonly config: ReadonlyMap<string, string>;
  readonly secretKeys: readonly string[];
}

export interface RunResult {
  /** Empty when the program did what it should, or has said itself what went wrong. */
  readonly error: string;
  /** The program has said what went wrong: nothing needs to be added. */
  readonly bail: boolean;
}

/** Loaded before each program; it lies beside this file, in the bundle too. */
export const lean = fileURLToPath(new URL('./lean.cjs', import.meta.url));

const graceMs = 5000;
/** How the runner ends when it has told the user what is wrong (@pulumi/pulumi/cmd/run). */
const toldTheUser = 32;

/** Waits for the end of the program. An aborted signal interrupts it, and kills it when it does not listen. */
export async function runProgram(run: Run, environment: NodeJS.ProcessEnv, signal: AbortSignal): Promise<RunResult> {
  const { program } = run;
  const name = environment['PULUMI_LANGUAGE_NODEJS_RUN_PATH'] || '@pulumi/pulumi/cmd/run';
  const runner = locate(name, program.folder);
  if (runner === undefined) {
    const error = `the Pulumi SDK is not installed: ${name} is not found from ${program.folder}; run \`pulumi install\` there`;
    return { error, bail: false };
  }
  const child = spawn(process.execPath, [...nodeArguments(program), runner, ...runnerArguments(run)], {
    // Its output goes the way of ours: the engine shows it line by line.
    stdio: ['ignore', 'inherit', 'inherit'],
    env: { ...environment, ...runnerEnvironment(run) },
  });
  return ended(child, signal);
}

function locate(module: string, folder: string): string | undefined {
  try {
    return createRequire(join(folder, 'index.js')).resolve(module);
  } catch {
    return undefined;
  }
}

/** Those of the project first: what they forbid holds for ours, too. */
export function nodeArguments({ options: { nodeargs } }: Program): string[] {
  const reads = nodeargs.includes('--permission') ? [`--allow-fs-read=${lean}`] : [];
  return [...nodeargs, ...reads, `--require=${lean}`];
}

export function runnerArguments(run: Run): string[] {
  const { program, engine, monitor, organization, project, stack, parallel } = run;
  const values = {
    monitor,
    engine,
    organization,
    project,
    'root-directory': program.root,
    stack,
    pwd: program.folder,
    parallel: String(parallel),
  };
  const given = Object.entries(values).filter(([, value]) => value !== '');
  return [
    ...given.flatMap(([name, value]) => [`--${name}`, value]),
    ...(run.dryRun ? ['--dry-run'] : []),
    program.entryPoint,
    ...run.args,
  ];
}

export function runnerEnvironment({ program: { options }, config, secretKeys }: Run): Record<string, string> {
  return {
    PULUMI_CONFIG: JSON.stringify(Object.fromEntries(config)),
    PULUMI_CONFIG_SECRET_KEYS: JSON.stringify(secretKeys),
    ...(options.typescript ? { PULUMI_NODEJS_TYPESCRIPT: 'true' } : {}),
    ...(options.tsconfig === undefined ? {} : { PULUMI_NODEJS_TSCONFIG_PATH: options.tsconfig }),
  };
}

async function ended(child: ChildProcess, signal: AbortSignal): Promise<RunResult> {
  let kill: NodeJS.Timeout | undefined;
  const interrupt = (): void => {
    child.kill('SIGINT');
    kill = setTimeout(() => child.kill('SIGKILL'), graceMs);
  };
  if (signal.aborted) interrupt();
  signal.addEventListener('abort', interrupt, { once: true });
  try {
    return await new Promise((resolve) => {
      child.once('error', (error) =>
        resolve({ error: `the program could not be started: ${error.message}`, bail: false }),
      );
      child.once('close', (code, endedBy) => resolve(resultOf(code, endedBy)));
    });
  } finally {
    clearTimeout(kill);
    signal.removeEventListener('abort', interrupt);
  }
}

export function resultOf(code: number | null, endedBy: NodeJS.Signals | null): RunResult {
  if (code === 0) return { error: '', bail: false };
  if (code === toldTheUser) return { error: '', bail: true };
  // V8 aborts when its heap is full.
  if (endedBy === 'SIGABRT' || code === 134) {
    const remedy = 'give it more with `nodeargs: --max-old-space-size=<MiB>` in the options of the runtime';
    return { error: `Program aborted, most likely out of memory; ${remedy}`, bail: false };
  }
  const how = endedBy === null ? `exited with non-zero exit code: ${code}` : `was ended by ${endedBy}`;
  return { error: `Program ${how}`, bail: false };
}
