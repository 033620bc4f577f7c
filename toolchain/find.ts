/** Looks for programs that are already on this machine: KUBEBUILDER_ASSETS, PATH, and what was cached before. */
import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { cachedPath, cacheFolder } from './cache.ts';
import { run } from './command.ts';
import { fits, versionIn, type Tool } from './tools.ts';

export interface Found {
  readonly path: string;
  readonly version: string;
  readonly origin: 'KUBEBUILDER_ASSETS' | 'PATH' | 'cache' | 'download' | 'build';
}

/** The first program of this name and a fitting version; undefined when there is none. */
export async function find(tool: Tool, env: NodeJS.ProcessEnv = process.env): Promise<Found | undefined> {
  const assets = env.KUBEBUILDER_ASSETS;
  const folders = (env.PATH ?? '').split(delimiter).filter((folder) => folder !== '');
  const places = [
    ...(assets ? [{ folder: assets, origin: 'KUBEBUILDER_ASSETS' as const }] : []),
    ...folders.map((folder) => ({ folder, origin: 'PATH' as const })),
  ];
  for (const { folder, origin } of places) {
    const path = join(folder, tool.name);
    const version = await fittingVersion(tool, path);
    if (version !== undefined) return { path, version, origin };
  }
  const path = cachedPath(tool, cacheFolder(env));
  return (await executable(path)) ? { path, version: tool.version, origin: 'cache' } : undefined;
}

/** The version of the program at `path`; undefined when it is missing, does not start, or is of the wrong version. */
export async function fittingVersion(tool: Tool, path: string): Promise<string | undefined> {
  if (!(await executable(path))) return undefined;
  const printed = await run(path, tool.versionArguments, { timeoutMs: 10_000 }).catch(() => '');
  return fits(tool, printed) ? versionIn(printed) : undefined;
}

async function executable(path: string): Promise<boolean> {
  return access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
}
