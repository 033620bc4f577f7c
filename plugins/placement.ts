/** Puts the plugins where the pulumi command line looks them up, so that it finds them without a word. */
import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { lstat, mkdir, realpath, rename, symlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { versions } from './versions.ts';

const programs = { language: 'pulumi-language-nodejs', kubernetes: 'pulumi-resource-kubernetes' } as const;
const sources = { language: 'language-nodejs', kubernetes: 'kubernetes' } as const;
type Plugin = keyof typeof programs;

/** Absolute path of a plugin's launcher, be it run from source or from the built bundle. @throws Error when it is missing */
export function launcherOf(plugin: Plugin): string {
  for (let folder = import.meta.dirname; ; folder = dirname(folder)) {
    const launcher = join(folder, 'plugins', sources[plugin], programs[plugin]);
    if (existsSync(launcher)) return launcher;
    if (folder === dirname(folder))
      throw new Error(`${programs[plugin]} of this installation is missing; install Plumbline again`);
  }
}

/**
 * Places the language host and the Kubernetes provider in the folder `plugins` of a PULUMI_HOME. A program that is there
 * already stays: where the official plugin is installed, it is used. The engine wants the provider in exactly the version
 * of the program's @pulumi/kubernetes (or of the state, when no program is run); the language host places each version
 * that a program asks for before the engine looks for it.
 */
export async function placePlugins(folder: string, kubernetesVersions = [versions.kubernetes]): Promise<void> {
  await place(folder, 'language', versions.pulumi);
  for (const version of kubernetesVersions) await placeProvider(folder, version);
}

/** `version` with or without `v`. */
export const placeProvider = (folder: string, version: string): Promise<void> => place(folder, 'kubernetes', version);

/** Whether the command line finds our language host there. */
export async function isPlacedIn(folder: string): Promise<boolean> {
  const link = join(folderOf(folder, 'language', versions.pulumi), programs.language);
  const [found, ours] = await Promise.all([realpath(link).catch(() => undefined), realpath(launcherOf('language'))]);
  return found === ours;
}

async function place(pluginsFolder: string, plugin: Plugin, version: string): Promise<void> {
  const folder = folderOf(pluginsFolder, plugin, version);
  const link = join(folder, programs[plugin]);
  const found = await lstat(link).catch(() => undefined);
  // An official plugin is a program; a link is ours, maybe to a checkout that has moved since.
  if (found !== undefined && !found.isSymbolicLink()) return;
  await mkdir(folder, { recursive: true });
  const fresh = `${link}.${randomUUID()}`;
  await symlink(launcherOf(plugin), fresh);
  await rename(fresh, link);
}

function folderOf(pluginsFolder: string, plugin: Plugin, version: string): string {
  const kind = plugin === 'language' ? 'language-nodejs' : 'resource-kubernetes';
  return join(pluginsFolder, `${kind}-v${version.replace(/^v/, '')}`);
}
