/** Finds the providers that a program needs: npm packages in its node_modules that say `pulumi: {resource: true}`. */
import { readdir, readFile, realpath } from 'node:fs/promises';
import { join } from 'node:path';

export interface Parameterization {
  readonly name: string;
  readonly version: string;
  /** Base64. */
  readonly value: string;
}

export interface RequiredPackage {
  readonly name: string;
  /** With `v`. */
  readonly version: string;
  /** Where the plugin is downloaded from; empty for the default. */
  readonly server: string;
  readonly parameterization: Parameterization | undefined;
}

interface Manifest {
  readonly name?: string;
  readonly version?: string;
  readonly pulumi?: {
    readonly resource?: boolean;
    readonly name?: string;
    readonly version?: string;
    readonly server?: string;
    readonly parameterization?: Parameterization;
  };
}

/** Each provider once a version. Packages below packages are looked into as well. */
export async function requiredPackages(folder: string): Promise<readonly RequiredPackage[]> {
  const found = new Map<string, RequiredPackage>();
  const seen = new Set<string>();
  const look = async (modules: string): Promise<void> => {
    await Promise.all((await packageFolders(modules, seen)).map(lookInto));
  };
  const lookInto = async (folder: string): Promise<void> => {
    const text = await readFile(join(folder, 'package.json'), 'utf8').catch(() => undefined);
    if (text === undefined) return;
    // Most packages are not Pulumi's, and need not be parsed.
    const required = text.includes('"pulumi"') ? requirement(parse(text, folder)) : undefined;
    if (required !== undefined) found.set(`${required.name} ${required.version}`, required);
    await look(join(folder, 'node_modules'));
  };
  await look(join(folder, 'node_modules'));
  return [...found.values()];
}

/** Packages, those of scopes too. Links are followed once, because linked packages may name each other. */
async function packageFolders(modules: string, seen: Set<string>): Promise<string[]> {
  const entries = await readdir(modules, { withFileTypes: true }).catch(() => []);
  const folders = entries.map(async (entry): Promise<string[]> => {
    const folder = join(modules, entry.name);
    if (entry.name.startsWith('.')) return [];
    if (entry.name.startsWith('@')) return packageFolders(folder, seen);
    if (!entry.isSymbolicLink()) return [folder];
    const target = await realpath(folder).catch(() => undefined);
    if (target === undefined || seen.has(target)) return [];
    seen.add(target);
    return [target];
  });
  return (await Promise.all(folders)).flat();
}

function parse(text: string, folder: string): Manifest {
  try {
    return JSON.parse(text) as Manifest;
  } catch (cause) {
    throw new Error(`${join(folder, 'package.json')} is not JSON; run \`pulumi install\` again`, { cause });
  }
}

/** @throws Error when a package that names a provider does not say which */
export function requirement({ name = '', version = '', pulumi = {} }: Manifest): RequiredPackage | undefined {
  if (pulumi.resource !== true) return undefined;
  const provider = pulumi.name || (name.startsWith('@pulumi/') ? name.slice('@pulumi/'.length) : '');
  if (provider === '') throw new Error(`package ${name} has a provider but no pulumi.name in its package.json`);
  const number = pulumi.version || version;
  if (number === '') throw new Error(`package ${name} has a provider but no version in its package.json`);
  return {
    name: provider,
    version: number.startsWith('v') ? number : `v${number}`,
    server: pulumi.server ?? '',
    parameterization: pulumi.parameterization,
  };
}
