/** Reads Pulumi.yaml as the repository has it, and says what is not to be had here. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { load } from 'js-yaml';
import { failure } from '#runtime';

const names = ['Pulumi.yaml', 'Pulumi.yml', 'Pulumi.json'];
const settingsOf = (stack: string): string[] => ['yaml', 'yml', 'json'].map((end) => `Pulumi.${stack}.${end}`);

type Settings = Readonly<Record<string, unknown>>;

export interface Project {
  readonly name: string;
  /** Name of the file in the program's folder. */
  readonly file: string;
  readonly settings: Settings;
}

interface Where {
  /** Absolute folder of the program. */
  readonly folder: string;
  /** The same as people know it: relative to the repository. */
  readonly path: string;
}

interface Named {
  /** Name that the project must have. */
  readonly project: string | undefined;
  /** `dev`, `project/dev`, `organization/project/dev` */
  readonly pulumiStack: string;
}

/** @throws Failure ProjectInvalid */
export async function readProject({ folder, path }: Where, { project, pulumiStack }: Named): Promise<Project> {
  const [file, text] = (await firstOf(folder, names)) ?? [];
  if (file === undefined || text === undefined) {
    throw failure('ProjectInvalid', {
      where: path,
      what: 'there is no Pulumi.yaml',
      remedy: 'commit one, or correct spec.path',
    });
  }
  const where = join(path, file);
  const settings = parse(text, where);
  const { name } = settings;
  if (typeof name !== 'string' || name === '')
    throw failure('ProjectInvalid', { where, what: 'it has no name', remedy: 'write `name: <project>`' });
  const ofStack = pulumiStack.split('/').length === 3 ? pulumiStack.split('/')[1] : undefined;
  for (const [wanted, field] of [
    [project, 'project'],
    [ofStack, 'stack'],
  ] as const) {
    if (wanted === undefined || name === wanted) continue;
    const remedy = `correct spec.pulumi.${field} or the file`;
    throw failure('ProjectInvalid', { where, what: 'another project', expected: wanted, found: name, remedy });
  }
  assertRuntime(settings, where);
  return { name, file, settings };
}

function assertRuntime(settings: Settings, where: string): void {
  const { runtime, plugins } = settings;
  const found = typeof runtime === 'object' && runtime !== null ? (runtime as { name?: unknown }).name : runtime;
  if (found !== 'nodejs') {
    const remedy = 'write the program in TypeScript or JavaScript';
    throw failure('ProjectInvalid', { where, what: 'runtime', expected: 'nodejs', found: String(found), remedy });
  }
  if (plugins !== undefined) {
    throw failure('ProjectInvalid', {
      where,
      what: 'plugins: names programs of the repository, which are not run here',
      remedy: "install the plugin in the operator's plugin folder, and leave this out",
    });
  }
}

/** Options of the runtime as they are written, `nodeargs` apart. */
export function runtimeOptions({ settings }: Project): { readonly nodeargs: string; readonly rest: Settings } {
  const { runtime } = settings;
  const options = (typeof runtime === 'object' && runtime !== null && (runtime as { options?: unknown }).options) || {};
  const { nodeargs, ...rest } = options as Settings;
  return { nodeargs: typeof nodeargs === 'string' ? nodeargs : '', rest };
}

/** Writes the project file over the copy in the scratch folder, with other arguments for Node. */
export async function writeProject(project: Project, folder: string, nodeargs: string): Promise<void> {
  const runtime = { name: 'nodejs', options: { ...runtimeOptions(project).rest, nodeargs } };
  // JSON is YAML; nothing that the file says is left out.
  await writeFile(join(folder, project.file), JSON.stringify({ ...project.settings, runtime }, undefined, 2));
}

/** The stack's own file, as the repository has it. @throws Failure ProjectInvalid */
export async function readStackFile(project: Project, { folder, path }: Where, stack: string): Promise<Settings> {
  const { stackConfigDir, config } = project.settings;
  const inside = typeof stackConfigDir === 'string' ? stackConfigDir : typeof config === 'string' ? config : '.';
  const [file, text] = (await firstOf(join(folder, inside), settingsOf(stack))) ?? [];
  return text === undefined ? {} : parse(text, join(path, inside, file ?? ''));
}

async function firstOf(folder: string, files: readonly string[]): Promise<[string, string] | undefined> {
  for (const file of files) {
    const text = await readFile(join(folder, file), 'utf8').catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return undefined;
      throw error;
    });
    if (text !== undefined) return [file, text];
  }
  return undefined;
}

function parse(text: string, where: string): Settings {
  let found: unknown;
  try {
    found = load(text);
  } catch (cause) {
    const why = cause instanceof Error ? (cause.message.split('\n')[0] ?? '') : String(cause);
    throw failure('ProjectInvalid', { where, what: `not YAML: ${why}`, remedy: 'correct the file' }, { cause });
  }
  if (found === undefined || found === null) return {};
  if (typeof found !== 'object' || Array.isArray(found))
    throw failure('ProjectInvalid', { where, what: 'not a map', remedy: 'correct the file' });
  return found as Settings;
}
