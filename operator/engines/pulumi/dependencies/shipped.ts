/** The packages that this installation brings along. */
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** Its node_modules, for programs that name no packages; undefined where there is none. */
export function shippedPackages(): string | undefined {
  for (let folder = import.meta.dirname; ; folder = dirname(folder)) {
    const found = join(folder, 'node_modules');
    if (existsSync(join(found, '@pulumi', 'pulumi'))) return found;
    if (folder === dirname(folder)) return undefined;
  }
}
