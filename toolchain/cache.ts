/** The folder outside the repository that keeps fetched and built programs by version, and the lock around filling it. */
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '#runtime';
import type { Tool } from './tools.ts';

/** What the toolchain tells about its progress, one line at a time. */
export type Report = (line: string) => void;

/** The cache folder: PLUMBLINE_CACHE, else `plumbline` under XDG_CACHE_HOME or ~/.cache. run.sh follows the same rule. */
export function cacheFolder(env: NodeJS.ProcessEnv = process.env): string {
  if (env.PLUMBLINE_CACHE) return env.PLUMBLINE_CACHE;
  return join(env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'plumbline');
}

/** Where a program of this version is kept; its file name is its plain name, so that the folder can go on PATH. */
export function cachedPath(tool: Tool, folder: string = cacheFolder()): string {
  return join(folder, 'tools', `${tool.name}-${tool.version}`, tool.name);
}

/** Runs `work` while no other process runs under the same lock; says whom it waits for. A dead holder's lock is taken over. */
export async function withLock<T>(name: string, report: Report, work: () => Promise<T>): Promise<T> {
  await mkdir(cacheFolder(), { recursive: true });
  const file = join(cacheFolder(), `${name}.lock`);
  for (let told = false; !(await taken(file)); told = true) {
    const holder = Number(await readFile(file, 'utf8').catch(() => ''));
    if (holder > 0 && !alive(holder)) await rm(file, { force: true });
    else if (!told) report(`waiting for another run that fills the cache (process ${holder}; lock ${file})`);
    await systemClock.sleep(200);
  }
  const release = (): Promise<void> => rm(file, { force: true });
  return work().finally(release);
}

async function taken(file: string): Promise<boolean> {
  return writeFile(file, String(process.pid), { flag: 'wx' }).then(
    () => true,
    () => false,
  );
}

function alive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}
