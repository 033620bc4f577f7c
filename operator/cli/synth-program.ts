/** Runs the program that cdk8s.yaml names and compares what it writes with the files of the output folder. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join, relative, resolve, sep } from 'node:path';
import { load } from 'js-yaml';
import { failure } from '#runtime';

export interface Program {
  readonly folder: string;
  /** Shell command, as cdk8s has it. */
  readonly app: string;
  /** Below the folder. */
  readonly output: string;
}

/** Relative path -> content. */
export type Files = ReadonlyMap<string, string>;

export interface FileChange {
  readonly file: string;
  readonly state: 'missing' | 'stale' | 'extra';
}

/** Reads cdk8s.yaml. @throws Failure CommandInvalid */
export async function readProgram(folder: string): Promise<Program> {
  const file = join(folder, 'cdk8s.yaml');
  const text = await readFile(file, 'utf8').catch((cause: unknown) => {
    throw failure(
      'CommandInvalid',
      { what: `there is no ${file}`, remedy: 'name the folder that holds cdk8s.yaml, or run `plumbline init`' },
      { cause },
    );
  });
  const settings = parse(file, text);
  const app = settings['app'];
  const output = settings['output'] ?? 'dist';
  if (typeof app !== 'string' || app === '') {
    throw failure('CommandInvalid', {
      what: 'app is missing',
      where: file,
      expected: 'a command such as `node charts/main.ts`',
    });
  }
  if (typeof output !== 'string' || !isBelow(folder, output)) {
    throw failure('CommandInvalid', {
      what: 'output is not a folder below this one',
      where: file,
      found: JSON.stringify(output),
      remedy: 'stale files are removed there, so give it a folder of its own, such as dist',
    });
  }
  return { folder, app, output };
}

function parse(file: string, text: string): Record<string, unknown> {
  try {
    const value = load(text);
    return typeof value === 'object' && value !== null ? { ...value } : {};
  } catch (cause) {
    throw failure('CommandInvalid', { what: 'not valid YAML', where: file }, { cause });
  }
}

function isBelow(folder: string, output: string): boolean {
  const path = relative(resolve(folder), resolve(folder, output));
  return path !== '' && path !== '..' && !path.startsWith(`..${sep}`);
}

/** Runs the program into a scratch folder, so that a failing one leaves the output as it was. @throws Failure SynthFailed */
export async function runProgram({ folder, app }: Program, environment: NodeJS.ProcessEnv): Promise<Files> {
  const scratch = await mkdtemp(join(tmpdir(), 'plumbline-synth-'));
  try {
    // The Node that runs us comes first, so that `node` in app is new enough to run TypeScript.
    const path = [dirname(process.execPath), environment['PATH'] ?? ''].join(delimiter);
    const env = { ...environment, PATH: path, CDK8S_OUTDIR: scratch };
    const child = spawn(app, { cwd: folder, shell: true, env, stdio: ['ignore', 'ignore', 'pipe'] });
    const said: string[] = [];
    child.stderr.setEncoding('utf8').on('data', (text: string) => said.push(text));
    const [code] = (await once(child, 'close')) as [number | null];
    if (code === 0) return await readFiles(scratch);
    throw failure('SynthFailed', {
      what: `\`${app}\` ended with code ${code ?? 'none (killed)'}:\n${said.join('').trimEnd()}\n`,
      remedy: 'nothing was written',
    });
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

/** The YAML files below a folder, sorted; none when it does not exist. */
export async function readFiles(folder: string): Promise<Files> {
  const entries = await readdir(folder, { recursive: true }).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
  const names = entries.filter((name) => name.endsWith('.yaml')).sort();
  return new Map(
    await Promise.all(names.map(async (name) => [name, await readFile(join(folder, name), 'utf8')] as const)),
  );
}

export function compare(committed: Files, wanted: Files): FileChange[] {
  const changes: FileChange[] = [];
  for (const [file, text] of wanted) {
    if (committed.get(file) !== text) changes.push({ file, state: committed.has(file) ? 'stale' : 'missing' });
  }
  for (const file of committed.keys()) if (!wanted.has(file)) changes.push({ file, state: 'extra' });
  return changes.sort((a, b) => (a.file < b.file ? -1 : 1));
}

/** Writes what changed and removes what the program does not make any more. */
export async function writeChanges(folder: string, wanted: Files, changes: readonly FileChange[]): Promise<void> {
  for (const { file, state } of changes) {
    const path = join(folder, file);
    if (state === 'extra') await rm(path);
    else {
      await mkdir(dirname(path), { recursive: true });
      await writeFile(path, wanted.get(file) ?? '');
    }
  }
}
