/** What a shell needs so that `pulumi` typed by hand finds Node, helm, kustomize and the plugins of this checkout. */
import { createHash } from 'node:crypto';
import { access, constants, mkdir } from 'node:fs/promises';
import { delimiter, dirname, join } from 'node:path';
import { placePlugins } from '#plugins';
import { cacheFolder } from './cache.ts';
import type { Found } from './find.ts';
import type { Resolved } from './resolve.ts';

export const toolsByHand = ['pulumi', 'helm', 'kustomize', 'kubectl'] as const;

/**
 * Lines for a POSIX shell to evaluate. The plugins get a PULUMI_HOME of their own for each checkout, so that nothing is
 * written into the user's; where the language host of pulumi.com is installed, the user's home and plugins are used.
 */
export async function shellLines(tools: Resolved<(typeof toolsByHand)[number]>): Promise<string[]> {
  const found: readonly Found[] = Object.values(tools);
  const missing = found.filter(({ origin }) => origin !== 'PATH').map(({ path }) => dirname(path));
  const folders = [...new Set([dirname(process.execPath), ...missing])];
  const path = `export PATH=${quote(folders.join(delimiter))}:"$PATH"`;
  if (await hasLanguageHost(dirname(tools.pulumi.path))) return [path];
  const home = pulumiHome();
  await mkdir(home, { recursive: true });
  await placePlugins(join(home, 'plugins'));
  return [
    path,
    `export PULUMI_HOME=${quote(home)}`,
    `[ -n "\${PULUMI_BACKEND_URL:-}" ] || export PULUMI_BACKEND_URL=${quote(`file://${home}`)}`,
  ];
}

/** State, plugins and settings of this checkout, beside the cache of programs. */
export function pulumiHome(): string {
  const checkout = createHash('sha256')
    .update(import.meta.dirname)
    .digest('hex')
    .slice(0, 12);
  return join(cacheFolder(), 'pulumi', checkout);
}

/** The command line brings its own along, or one is on the PATH. */
async function hasLanguageHost(besidePulumi: string): Promise<boolean> {
  const folders = [besidePulumi, ...(process.env['PATH'] ?? '').split(delimiter)].filter((folder) => folder !== '');
  const found = folders.map((folder) =>
    access(join(folder, 'pulumi-language-nodejs'), constants.X_OK).then(
      () => true,
      () => false,
    ),
  );
  return (await Promise.all(found)).includes(true);
}

const quote = (text: string): string => `'${text.replaceAll("'", String.raw`'\''`)}'`;
