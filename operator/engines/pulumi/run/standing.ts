/** What the state of a stack shows before a run, where it is a file: whether it is there, in order, and which providers it needs; makes one that is not. */
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export interface Standing {
  /** Undefined where only the command can tell. */
  readonly exists: boolean | undefined;
  /** Whether an operation was cut off, be it between the two halves of a replacement. */
  readonly pending: boolean | undefined;
  /** Versions of the Kubernetes provider: without a program to ask, the engine takes those of the state. */
  readonly providers: readonly string[];
}

interface StoredResource {
  readonly type: string;
  readonly outputs?: Readonly<Record<string, unknown>>;
  readonly inputs?: { readonly version?: unknown };
  readonly pendingReplacement?: boolean;
}

interface Checkpoint {
  readonly checkpoint?: {
    readonly latest?: {
      readonly resources?: readonly StoredResource[];
      readonly pending_operations?: readonly unknown[];
    } | null;
  };
}

/** Where the state of a stack is; undefined where it is no file. */
export function stateFileOf(url: string, project: string, pulumiStack: string): string | undefined {
  if (!url.startsWith('file://')) return undefined;
  return join(fileURLToPath(url), '.pulumi', 'stacks', project, `${pulumiStack.split('/').at(-1)}.json`);
}

export async function standingOf(url: string, project: string, pulumiStack: string): Promise<Standing> {
  const file = stateFileOf(url, project, pulumiStack);
  if (file === undefined) return { exists: undefined, pending: undefined, providers: [] };
  const text = await readIfThere(file);
  if (text === undefined) return { exists: false, pending: false, providers: [] };
  const { checkpoint } = parseState(text) ?? {};
  const { resources = [], pending_operations: pending = [] } = checkpoint?.latest ?? {};
  const versions = resources
    .filter(({ type }) => type === 'pulumi:providers:kubernetes')
    .map(({ inputs }) => inputs?.version);
  const providers = [...new Set(versions.filter((version) => typeof version === 'string'))];
  const isCutOff = pending.length > 0 || resources.some(({ pendingReplacement }) => pendingReplacement === true);
  return { exists: true, pending: isCutOff, providers };
}

/**
 * Writes what `pulumi stack init` would, which takes as long as a small update: a stack that has nothing yet.
 * @returns whether the stack is there now; in a backend of the old kind, without projects, only the command makes one
 */
export async function beginStack(url: string, project: string, pulumiStack: string): Promise<boolean> {
  const stacks = join(fileURLToPath(url), '.pulumi', 'stacks');
  if ((await readdirIfThere(stacks)).some((name) => name.endsWith('.json'))) return false;
  const name = pulumiStack.split('/').at(-1) ?? '';
  const checkpoint = { stack: `organization/${project}/${name}`, latest: null };
  await mkdir(join(stacks, project), { recursive: true });
  await writeFile(join(stacks, project, `${name}.json`), JSON.stringify({ version: 3, checkpoint }), { mode: 0o600 });
  return true;
}

async function readdirIfThere(folder: string): Promise<string[]> {
  return readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
}

export async function readIfThere(file: string): Promise<string | undefined> {
  return readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
}

/** One that cannot be read is for the engine to complain of. */
export function parseState(text: string): Checkpoint | undefined {
  try {
    return JSON.parse(text) as Checkpoint;
  } catch {
    return undefined;
  }
}
