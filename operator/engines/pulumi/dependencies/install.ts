/** Runs the package manager on a folder of manifests: exactly what the lockfile says, no scripts unless they are asked for. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { diskFull, failure, runProgram, saysDiskFull, type Clock } from '#runtime';
import type { Tool } from './package-root.ts';

export interface Installing {
  readonly tool: Tool;
  /** Holds the manifests; gets node_modules. */
  readonly folder: string;
  /** Packages as they were fetched, for later installations. */
  readonly downloads: string;
  readonly allowScripts: boolean;
  readonly clock: Clock;
  /** PATH with node and the package managers, proxies, certificates. */
  readonly environment: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
  /** Of the package root, for messages. */
  readonly where: string;
}

const timeoutMs = 10 * 60_000;

/** Without hooks that the repository could bring along. */
const argumentsOf: Readonly<Record<Tool, readonly string[]>> = {
  // That the disk is full is no more than a warning of npm.
  npm: ['ci', '--no-audit', '--no-fund', '--no-update-notifier', '--loglevel=warn', '--prefer-offline'],
  pnpm: ['install', '--frozen-lockfile', '--ignore-pnpmfile', '--reporter=silent'],
  yarn: ['install', '--frozen-lockfile', '--non-interactive', '--no-progress'],
};

/** As npm, pnpm and yarn end when the disk is full: the number of ENOSPC. */
const numberOfFull = 256 - 28;

/** @throws Failure DependenciesFailed, DiskFull, ToolUnavailable, TimedOut */
export async function install(installing: Installing): Promise<void> {
  const { tool, folder, downloads, allowScripts, clock, environment, signal, where } = installing;
  const home = join(downloads, 'home');
  await mkdir(home, { recursive: true });
  const args = [...argumentsOf[tool], ...(allowScripts ? [] : ['--ignore-scripts'])];
  const { code, stderr, stdout } = await runProgram(tool, args, {
    clock,
    cwd: folder,
    env: {
      ...environment,
      HOME: home,
      npm_config_cache: join(downloads, 'npm'),
      npm_config_userconfig: join(home, '.npmrc'),
      YARN_CACHE_FOLDER: join(downloads, 'yarn'),
      YARN_IGNORE_PATH: '1',
      npm_config_store_dir: join(downloads, 'pnpm'),
      CI: 'true',
    },
    timeoutMs,
    signal,
  });
  if (code === 0) return;
  const said = `${stderr}\n${stdout}`;
  if (code === numberOfFull || saysDiskFull(said)) {
    const undone = 'the packages of the program could not be installed';
    throw diskFull({ where, undone, then: 'the next run installs them' });
  }
  throw failure('DependenciesFailed', {
    where,
    what: `${tool} could not install the packages of the program: ${firstError(said)}`,
    remedy: 'run the same at a desk, and correct package.json or the lockfile',
  });
}

const longest = 500;

/** The first lines that say what went wrong, without the marks of npm. */
function firstError(said: string): string {
  const lines = said
    .split('\n')
    .filter((line) => !line.startsWith('npm warn'))
    .map((line) => line.replace(/^(npm (error|ERR!)( code)?|ERR_PNPM\S*|error)\s*/, '').trim())
    .filter((line) => line !== '' && !line.startsWith('A complete log'));
  return lines.slice(0, 3).join(' ').slice(0, longest) || 'it said nothing';
}
