/** The program that a call is about, and the options that its Pulumi.yaml sets for the runtime. */
import type * as wire from '@pulumi/pulumi/proto/language_pb.js';

export const packageManagers = ['npm', 'yarn', 'pnpm', 'bun'] as const;
export type PackageManager = (typeof packageManagers)[number];

export interface Options {
  /** Have the runner compile TypeScript (ts-node); without it Node runs what it can. */
  readonly typescript: boolean;
  readonly tsconfig: string | undefined;
  /** Arguments of Node itself, as in a shell. */
  readonly nodeargs: readonly string[];
  /** Undefined: what the lock file says. */
  readonly packageManager: PackageManager | undefined;
}

export interface Program {
  /** Folder with Pulumi.yaml. */
  readonly root: string;
  /** Folder of the program, `main` of Pulumi.yaml. */
  readonly folder: string;
  /** Relative to `folder`; `.` when package.json says. */
  readonly entryPoint: string;
  readonly options: Options;
}

/** @throws Error for an option that is not what it must be */
export function programOf(info: wire.ProgramInfo | undefined): Program {
  const options = info?.getOptions()?.toJavaScript() ?? {};
  return {
    root: info?.getRootDirectory() ?? '',
    folder: info?.getProgramDirectory() ?? '',
    entryPoint: info?.getEntryPoint() || '.',
    options: readOptions(options),
  };
}

export function readOptions(options: Readonly<Record<string, unknown>>): Options {
  const { typescript = true, tsconfig, nodeargs = '', packagemanager = 'auto' } = options;
  if (typeof typescript !== 'boolean') throw wrong('typescript', 'true or false', typescript);
  if (tsconfig !== undefined && typeof tsconfig !== 'string') throw wrong('tsconfig', 'the path of a file', tsconfig);
  if (typeof nodeargs !== 'string') throw wrong('nodeargs', 'a text such as "--max-old-space-size=4096"', nodeargs);
  const packageManager = packageManagers.find((name) => name === packagemanager);
  if (packageManager === undefined && packagemanager !== 'auto') {
    throw wrong('packagemanager', `auto, ${packageManagers.join(', ')}`, packagemanager);
  }
  return { typescript, tsconfig: tsconfig || undefined, nodeargs: splitWords(nodeargs), packageManager };
}

const wrong = (name: string, expected: string, found: unknown): Error =>
  new Error(`Pulumi.yaml: runtime.options.${name}: expected ${expected}, found ${JSON.stringify(found)}`);

/** Words as a POSIX shell splits them; quotes and backslashes keep spaces. Nothing is expanded. */
export function splitWords(text: string): string[] {
  const pattern = /"((?:\\.|[^"\\])*)"|'([^']*)'|\\(.)|(\s+)|([^\s"'\\]+)/gsy;
  const words: string[] = [];
  let word: string | undefined;
  let at = 0;
  for (const [all, double, single, escaped, space, plain] of text.matchAll(pattern)) {
    at += all.length;
    if (space !== undefined) {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else {
      word = (word ?? '') + (double?.replaceAll(/\\(["\\$`])/g, '$1') ?? single ?? escaped ?? plain ?? '');
    }
  }
  if (at < text.length) throw wrong('nodeargs', 'closed quotes', text);
  return word === undefined ? words : [...words, word];
}
