/** The files that an installation is made of: manifests, lockfile, addresses of registries; and nothing that runs code. */
import { createHash } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join, normalize } from 'node:path';
import type { PackageRoot, Tool } from './package-root.ts';

export interface Manifests {
  readonly tool: Tool;
  /** Path below the package root -> content. */
  readonly files: ReadonlyMap<string, Buffer>;
  /** Names in node_modules -> the folder of the repository that they are, below the package root. */
  readonly links: ReadonlyMap<string, string>;
}

interface LockedPackage {
  readonly link?: boolean;
  readonly resolved?: string;
}

/** What may stand in an .npmrc: where packages are, never which program fetches them. */
const harmless = /^(registry|@[^:]+:registry|\/\/[^=]+|legacy-peer-deps|strict-peer-deps|strict-ssl|always-auth)\s*=/;
export const settingsFile = '.npmrc';

export async function readManifests(tree: string, { path, lock }: PackageRoot): Promise<Manifests | undefined> {
  if (lock === undefined) return undefined;
  const root = join(tree, path);
  const files = new Map<string, Buffer>();
  const links = new Map<string, string>();
  const add = async (file: string): Promise<void> => {
    const content = await readIfThere(join(root, file));
    if (content !== undefined) files.set(file, content);
  };
  await Promise.all(['package.json', lock.file].map(add));
  const settings = await readIfThere(join(root, settingsFile));
  if (settings !== undefined) files.set(settingsFile, Buffer.from(harmlessLines(settings.toString('utf8'))));
  if (lock.tool === 'npm') {
    for (const [name, locked] of lockedPackages(files.get(lock.file)?.toString('utf8') ?? '{}')) {
      const { link = false, resolved = '' } = locked;
      if (link && name.startsWith('node_modules/')) links.set(name.slice('node_modules/'.length), normalize(resolved));
      else if (resolved.startsWith('file:')) await add(normalize(resolved.slice('file:'.length)));
      else if (name !== '' && !name.includes('node_modules/')) await add(join(normalize(name), 'package.json'));
    }
  }
  return { tool: lock.tool, files, links };
}

const harmlessLines = (text: string): string =>
  text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => harmless.test(line))
    .join('\n');

/** Entries of a package-lock of version 2 or 3; one that cannot be read is for npm to complain of. */
function lockedPackages(text: string): [string, LockedPackage][] {
  try {
    const { packages = {} } = JSON.parse(text) as { readonly packages?: Readonly<Record<string, LockedPackage>> };
    return Object.entries(packages).filter(([name]) => !name.startsWith('..') && !name.startsWith('/'));
  } catch {
    return [];
  }
}

/** The same for the same packages on the same machine. */
export function keyOf({ tool, files }: Manifests, allowScripts: boolean): string {
  const hash = createHash('sha256');
  hash.update(JSON.stringify([tool, process.versions.modules, process.platform, process.arch, allowScripts]));
  for (const file of [...files.keys()].sort()) {
    const content = files.get(file) ?? Buffer.alloc(0);
    hash.update(`\n${file}\n${content.length}\n`).update(content);
  }
  return hash.digest('hex').slice(0, 40);
}

export async function writeManifests({ files }: Manifests, folder: string): Promise<void> {
  for (const [file, content] of files) {
    await mkdir(dirname(join(folder, file)), { recursive: true });
    await writeFile(join(folder, file), content);
  }
}

async function readIfThere(file: string): Promise<Buffer | undefined> {
  return readFile(file).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
}
