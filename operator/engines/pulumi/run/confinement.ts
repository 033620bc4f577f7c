/** What the program may reach: Node's permission model, as arguments of the one process that runs code of the repository. */
import { failure } from '#runtime';
import { preload } from './preload-file.ts';

interface Reach {
  /** Folders and files that the program may read. */
  readonly reads: readonly string[];
  readonly writes: readonly string[];
  /** Limit of its heap. */
  readonly memoryMiB: number;
}

/** Any other could widen what the program may reach, or write files behind the model's back. */
const harmless = new Set([
  '--conditions',
  '--disable-warning',
  '--enable-source-maps',
  '--experimental-strip-types',
  '--experimental-transform-types',
  '--import',
  '--no-deprecation',
  '--no-warnings',
  '--preserve-symlinks',
  '--require',
  '--stack-trace-limit',
  '--trace-uncaught',
  '--trace-warnings',
  '--unhandled-rejections',
  '-C',
  '-r',
]);

/** Arguments for Node: ours, and then those of Pulumi.yaml. @throws Failure ProjectInvalid */
export function nodeArguments(written: string, { reads, writes, memoryMiB }: Reach): string {
  const given = written.split(/\s+/).filter((argument) => argument !== '');
  // What does not begin with a dash is the value of the one before.
  const wrong = given.find((argument) => argument.startsWith('-') && !harmless.has(argument.split('=')[0] ?? ''));
  if (wrong !== undefined) {
    throw failure('ProjectInvalid', {
      where: 'Pulumi.yaml: runtime.options.nodeargs',
      what: `${wrong} is not for the program to say`,
      remedy: 'leave it out',
    });
  }
  return [
    `--max-old-space-size=${memoryMiB}`,
    `--require=${preload}`,
    '--permission',
    ...[...reads, preload].map((path) => `--allow-fs-read=${path}`),
    ...writes.map((path) => `--allow-fs-write=${path}`),
    // After ours: what they load finds the limits in place.
    ...given,
  ].join(' ');
}
