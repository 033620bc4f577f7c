/** Runs the git program through simple-git, cut off from the machine's own configuration, hooks and credentials. */
import { GitError, simpleGit } from 'simple-git';
import { hasNoRoom, isDiskFull } from '#runtime';
import { couldNotWrite, fullDisk, gitFailure, type GitContext, type GitExit } from './git-failure.ts';
import { protocols } from './git-url.ts';
import { frugalConfig, mostOutputBytes } from './limits.ts';

/** Git's exit code and its words; the callers make a Failure of it where they know what was wanted. */
export class GitExitError extends GitError implements GitExit {
  readonly exitCode: number;
  readonly stderr: string;
  readonly isDiskFull: boolean;

  constructor(exitCode: number, stderr: string, isDiskFull = false) {
    super(undefined, `git ended with exit code ${exitCode}`);
    this.exitCode = exitCode;
    this.stderr = stderr;
    this.isDiskFull = isDiskFull;
  }
}

/** What went wrong, in our words where they are known: Git ended, or there was no room for a file. */
export function inOurWords(error: unknown, context: GitContext): unknown {
  if (error instanceof GitExitError) return gitFailure(error, context);
  return isDiskFull(error) ? fullDisk(context, error) : error;
}

/** Where and as whom Git runs. */
export interface GitPlace {
  /** An empty folder of our own: HOME, and the working folder, so that no configuration is found on the way up. */
  readonly home: string;
  /** PATH, proxies and trust anchors of this process; nothing else of its environment reaches Git. */
  readonly environment: Readonly<Record<string, string>>;
  readonly config?: readonly (readonly [key: string, value: string])[];
  readonly sshCommand?: string;
  readonly signal?: AbortSignal;
  /** A script for `sh` that becomes git within bounds; git itself when absent. */
  readonly script?: string;
}

export interface GitCall {
  readonly gitDir?: string;
  readonly workTree?: string;
  readonly indexFile?: string;
  readonly input?: string;
}

export type Git = (args: readonly string[], call?: GitCall) => Promise<string>;

/** Our own values for what simple-git rightly refuses from strangers; each is a constant or a path that we made. */
const unsafe = {
  allowUnsafeConfigEnvCount: true,
  allowUnsafeHooksPath: true,
  allowUnsafeSshCommand: true,
  allowUnsafeTemplateDir: true,
  allowUnsafeFsMonitor: true,
  allowUnsafeCustomBinary: true,
};

const steady: readonly (readonly [string, string])[] = [
  ['core.hooksPath', '/dev/null'],
  ['core.fsmonitor', 'false'],
  ['core.logAllRefUpdates', 'false'],
  ['core.symlinks', 'true'],
  ['gc.auto', '0'],
  ['gc.pruneExpire', 'now'],
  ['fetch.unpackLimit', '1'],
  ['fetch.recurseSubmodules', 'false'],
  // With this and all bounds a first fetch of 10,000 files takes 1.1x the processor time of a bare fetch and checkout.
  ['fetch.fsckObjects', 'true'],
  // Harmless marks of old tools, found in repositories that everybody uses.
  ...[
    'zeroPaddedFilemode',
    'missingSpaceBeforeDate',
    'badTimezone',
    'missingSpaceBeforeEmail',
    'missingTaggerEntry',
  ].map((message) => [`fetch.fsck.${message}`, 'ignore'] as const),
  ['advice.detachedHead', 'false'],
  ...frugalConfig,
];

/** Makes the function that runs one git command to its end and returns what it printed. @throws GitExitError */
export function gitIn({ home, environment, config = [], sshCommand, signal, script }: GitPlace): Git {
  return async (args, { gitDir, workTree, indexFile, input } = {}) => {
    const env = {
      ...environment,
      ...configEnv([...steady, ...config]),
      HOME: home,
      LC_ALL: 'C',
      // Each thread would reserve memory of its own, which counts against the bound.
      MALLOC_ARENA_MAX: '1',
      GIT_TERMINAL_PROMPT: '0',
      GIT_CONFIG_NOSYSTEM: '1',
      GIT_ALLOW_PROTOCOL: protocols.join(':'),
      GIT_CEILING_DIRECTORIES: `${home}/..`,
      GIT_OPTIONAL_LOCKS: '0',
      ...(sshCommand === undefined ? {} : { GIT_SSH_COMMAND: sshCommand, GIT_SSH_VARIANT: 'ssh' }),
      ...(gitDir === undefined ? {} : { GIT_DIR: gitDir }),
      ...(workTree === undefined ? {} : { GIT_WORK_TREE: workTree }),
      ...(indexFile === undefined ? {} : { GIT_INDEX_FILE: indexFile }),
    };
    const tooMuch = new AbortController();
    const git = simpleGit({
      ...(script === undefined ? {} : { binary: ['sh', script] }),
      baseDir: workTree ?? home,
      unsafe,
      allowEnvironment: Object.keys(env).filter((name) => name.startsWith('GIT_')),
      // simple-git takes a silent non-zero exit for success, and drops the exit code.
      errors: (error, { exitCode, stdErr }) => {
        if (exitCode === 0 && error === undefined) return undefined;
        const words = Buffer.concat(stdErr).toString();
        return new GitExitError(exitCode, words === '' && error !== undefined ? String(error) : words);
      },
      abort: signal === undefined ? tooMuch.signal : AbortSignal.any([signal, tooMuch.signal]),
      ...(input === undefined ? {} : { input: () => input }),
    }).outputHandler((_command, stdout) => {
      let bytes = 0;
      stdout.on('data', (piece: Buffer) => {
        bytes += piece.length;
        if (bytes > mostOutputBytes) tooMuch.abort();
      });
    });
    try {
      return await git.env(env).raw([...args]);
    } catch (error) {
      if (tooMuch.signal.aborted) throw new GitExitError(1, outputTooLong);
      // At once, for what git has written so far may be taken away now.
      if (!(error instanceof GitExitError) || !couldNotWrite(error) || !(await hasNoRoom(home))) throw error;
      throw new GitExitError(error.exitCode, error.stderr, true);
    }
  };
}

export const outputTooLong = 'fatal: the output of git is over the limit';

/** Configuration by environment: unlike `-c`, it does not show in the list of processes. */
function configEnv(config: readonly (readonly [string, string])[]): Record<string, string> {
  const pairs = config.flatMap(([key, value], index) => [
    [`GIT_CONFIG_KEY_${index}`, key],
    [`GIT_CONFIG_VALUE_${index}`, value],
  ]);
  return { GIT_CONFIG_COUNT: String(config.length), ...(Object.fromEntries(pairs) as Record<string, string>) };
}
