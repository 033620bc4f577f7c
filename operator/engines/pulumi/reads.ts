/** What a program reads of a commit: its own folder, what the spec names beside, and the packages that it is locked to. */
import { dirname } from 'node:path/posix';
import type { Stack } from '#api';
import { digestOf } from '#kube';
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

/** Identity of a run: of all that is read, and given. `inputs`: their digest. */
export const contentOf = (stack: Stack, revision: Revision, inputs: string): string =>
  digestOf([treeOf(stack, revision), stack.metadata.generation, inputs]);

function packagesAbove(path: string): string[] {
  const files: string[] = [];
  let folder = path.replace(/^\.\/|\/+$/g, '');
  while (folder !== '' && folder !== '.') {
    folder = dirname(folder);
    files.push(...packageFiles.map((file) => (folder === '.' ? file : `${folder}/${file}`)));
  }
  return files;
}
