/** The life of one Pulumi program by hand: preview, up, up with nothing to do, a refresh, destroy, and what is left then. */
import { cp, mkdtemp, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { load } from 'js-yaml';
import { PulumiProgram, until } from '#testing';
import { cacheFolder, removeAtEnd } from '#toolchain';
import { provideModules } from './modules.ts';
import type { Stage } from './program-stage.ts';

export const steps = ['preview', 'up', 'no-op up', 'refresh', 'destroy'] as const;
export type StepName = (typeof steps)[number];

export interface StepResult {
  readonly step: StepName;
  readonly seconds: number;
  /** What pulumi said when it failed. */
  readonly failed: string | undefined;
}

export interface ProgramResult {
  readonly name: string;
  /** Of the state after `up`, the stack itself apart. */
  readonly resources: number;
  readonly steps: readonly StepResult[];
  readonly leftovers: readonly string[];
  /** Why it could not be tried at all. */
  readonly refused: string | undefined;
}

export interface Trial {
  readonly name: string;
  readonly path: string;
  /** `key=value`; goes before the defaults that Pulumi.yaml's template has. */
  readonly config: readonly string[];
  readonly secrets: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
}

const stack = ['--stack', 'dev'];
const yes = ['--yes', '--skip-preview'];
const argumentsOf: Readonly<Record<StepName, readonly string[]>> = {
  preview: ['preview', ...stack],
  up: ['up', ...yes, ...stack],
  'no-op up': ['up', ...yes, '--expect-no-changes', ...stack],
  refresh: ['refresh', ...yes, '--expect-no-changes', ...stack],
  destroy: ['destroy', ...yes, ...stack],
};

/** The program itself is left as it is: a copy is tried. */
export async function tryProgram(stage: Stage, trial: Trial): Promise<ProgramResult> {
  const { name } = trial;
  const before = await stage.objects();
  const results: StepResult[] = [];
  let resources = 0;
  try {
    const program = await prepare(stage, trial);
    for (const step of steps) {
      const result = await run(program, step);
      results.push(result);
      if (step === 'up') resources = [...(await program.state()).values()].length - 1;
      // A program that does not come up is taken down at once.
      if (step === 'up' && result.failed !== undefined) {
        results.push(await run(program, 'destroy'));
        break;
      }
      if (step === 'preview' && result.failed !== undefined) break;
    }
  } catch (error) {
    const refused = error instanceof Error ? error.message : String(error);
    return { name, resources, steps: results, leftovers: [], refused };
  }
  return { name, resources, steps: results, leftovers: await leftovers(stage, before), refused: undefined };
}

async function prepare(stage: Stage, { path, config, secrets, environment }: Trial): Promise<PulumiProgram> {
  const folder = join(await mkdtemp(join(tmpdir(), 'plumbline-trial-')), basename(path));
  removeAtEnd(join(folder, '..'));
  await cp(path, folder, { recursive: true, filter: (file) => basename(file) !== 'node_modules' });
  await provideModules(folder, join(cacheFolder(), 'trial-modules'));
  const program = await PulumiProgram.at(folder, await readFile(stage.kubeconfig, 'utf8'), {
    // What is not here is to be named, not fetched.
    PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: 'true',
    ...environment,
  });
  const given = new Map([...(await templateDefaults(folder)), ...config.map(pair)]);
  for (const [key, value] of given) await program.succeed(['config', 'set', key, value, ...stack]);
  for (const [key, value] of secrets.map(pair))
    await program.succeed(['config', 'set', '--secret', key, value, ...stack]);
  return program;
}

const pair = (text: string): [string, string] => [text.slice(0, text.indexOf('=')), text.slice(text.indexOf('=') + 1)];

interface Project {
  readonly name: string;
  readonly template?: {
    readonly config?: Readonly<Record<string, { readonly default?: string | number | boolean }>>;
  } | null;
}

const projectOf = async (folder: string): Promise<Project> =>
  load(await readFile(join(folder, 'Pulumi.yaml'), 'utf8')) as Project;

export const projectName = async (folder: string): Promise<string> => (await projectOf(folder)).name;

/** What `pulumi new` would propose. */
async function templateDefaults(folder: string): Promise<[string, string][]> {
  const { template } = await projectOf(folder);
  return Object.entries(template?.config ?? {}).flatMap(([key, { default: value }]) =>
    value === undefined ? [] : [[key, String(value)]],
  );
}

async function run(program: PulumiProgram, step: StepName): Promise<StepResult> {
  const started = performance.now();
  const { code, said } = await program.run(argumentsOf[step]);
  const seconds = Math.round((performance.now() - started) / 100) / 10;
  return { step, seconds, failed: code === 0 ? undefined : errorsIn(said) };
}

/** The lines that name what is wrong; where one ends in a colon, the next says it. */
function errorsIn(said: string): string {
  const lines = said
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
  const errors = lines.flatMap((line, index) => {
    if (!line.startsWith('error:')) return [];
    return [line.endsWith(':') ? `${line} ${lines[index + 1] ?? ''}` : line];
  });
  return [...new Set(errors.length > 0 ? errors : lines.slice(-3))].join('\n');
}

async function leftovers(stage: Stage, before: ReadonlySet<string>): Promise<string[]> {
  const left = async (): Promise<string[]> => [...(await stage.objects())].filter((object) => !before.has(object));
  await until('nothing is left', async () => ((await left()).length === 0 ? true : undefined)).catch(() => undefined);
  return left();
}
