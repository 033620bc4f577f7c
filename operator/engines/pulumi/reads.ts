/** What a run is about. Of a commit: the folder of the program, what the spec names beside, the packages it is locked to. */
import { dirname } from 'node:path/posix';
import type { Stack, StackSpec } from '#api';
import { digestOf } from '#kube';
import { wishOf } from '#plan';
import type { Revision } from '#values';

/** In a folder above the program, when it is one of several packages of a workspace. */
const packageFiles = ['package.json', 'package-lock.json', 'npm-shrinkwrap.json', 'yarn.lock', 'pnpm-lock.yaml'];

/** Identity of all that is read; undefined when the program is not in the commit. */
export function treeOf({ spec }: Stack, revision: Revision): string | undefined {
  const own = revision.treeOf(spec.path);
  if (own === undefined) return undefined;
  const beside = [...(spec.pulumi?.reads ?? []), ...packagesAbove(spec.path)]
    .map((path) => [path, revision.treeOf(path)] as const)
    .filter(([, tree]) => tree !== undefined);
  return beside.length === 0 ? own : digestOf([own, ...beside]);
}

/** Identity of what a run is about: of all that is read, given, and asked of it. `inputs`: their digest. */
export const contentOf = (stack: Stack, revision: Revision, inputs: string): string =>
  digestOf([treeOf(stack, revision), askedBy(stack.spec), inputs]);

type PulumiSpec = NonNullable<StackSpec['pulumi']>;

/** Who agrees, what is done about drift, and what happens at the end of the stack. */
const besideRuns = new Set<keyof StackSpec>(['approval', 'drift', 'deletionPolicy']);

/** The same of programs; and how patient a run is, and how much it may take: one that came to its end needs no more. */
const besidePrograms = new Set<keyof PulumiSpec>([
  ...(['refreshInterval', 'destroyOnDelete'] as const),
  ...(['retryOnConflict', 'memoryMiB'] as const),
]);

/** Of the spec, what asks for another run when it is changed. */
function askedBy({ pulumi, ...spec }: StackSpec): string {
  const { refresh, ...program } = without<Partial<PulumiSpec>>(pulumi ?? {}, besidePrograms);
  return digestOf([wishOf(without<Partial<StackSpec>>(spec, besideRuns)), program, refresh === 'beforeRun']);
}

const without = <T extends object>(fields: T, names: ReadonlySet<keyof T>): Partial<T> =>
  Object.fromEntries(Object.entries(fields).filter(([field]) => !names.has(field as keyof T))) as Partial<T>;

function packagesAbove(path: string): string[] {
  const files: string[] = [];
  let folder = path.replace(/^\.\/|\/+$/g, '');
  while (folder !== '' && folder !== '.') {
    folder = dirname(folder);
    files.push(...packageFiles.map((file) => (folder === '.' ? file : `${folder}/${file}`)));
  }
  return files;
}
