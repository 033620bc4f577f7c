/** What the program may reach: Node's permission model, as arguments of the one process that runs code of the repository. */
import { fileURLToPath } from 'node:url';
import { failure } from '#runtime';

interface Reach {
  /** Folders and files that the program may read. */
  readonly reads: readonly string[];
  readonly writes: readonly string[];
  /** Limit of its heap. */
  readonly memoryMiB: number;
}

/** Loaded before the program; it lies beside this file, in the bundle too. */
export const preload = fileURLToPath(new URL('./preload.cjs', import.meta.url));

/** Would widen what the program may reach, or load code before the limits hold. */
const refused =
  /^--?(permission|no-permission|experimental-permission|allow-|max-old-space-size|env-file|inspect|watch|test|run|build-snapshot|experimental-sea)/;

/** Arguments for Node: those of Pulumi.yaml, and then ours. @throws Failure ProjectInvalid */
export function nodeArguments(written: string, { reads, writes, memoryMiB }: Reach): string {
  const given = written.split(/\s+/).filter((argument) => argument !== '');
  const wrong = given.find((argument) => refused.test(argument));
  if (wrong !== undefined) {
    throw failure('ProjectInvalid', {
      where: 'Pulumi.yaml: runtime.options.nodeargs',
      what: `${wrong} is not for the program to say`,
      remedy: 'leave it out',
    });
  }
  return [
    ...given,
    `--max-old-space-size=${memoryMiB}`,
    `--require=${preload}`,
    '--permission',
    ...[...reads, preload].map((path) => `--allow-fs-read=${path}`),
    ...writes.map((path) => `--allow-fs-write=${path}`),
  ].join(' ');
}
