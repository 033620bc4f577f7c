/** Writes what comes from the schema: CRDs, reference pages, editor schemas, the page of reasons. `--check` only compares. */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { dump } from 'js-yaml';
import { toCrd } from './kind.ts';
import { kinds } from './kinds.ts';
import { reasonsPage, referencePage } from './pages.ts';
import { editorSchema } from './structural-schema.ts';

const root = join(import.meta.dirname, '..', '..');

/** Path below the root of the repository -> content. */
export function generatedFiles(): Map<string, string> {
  const files = new Map<string, string>([['docs/reasons.md', reasonsPage()]]);
  for (const kind of kinds) {
    files.set(
      `charts/crds/${kind.plural}.yaml`,
      `# Generated from operator/api by \`npm run generate\`.\n${dump(toCrd(kind), { lineWidth: -1, noRefs: true })}`,
    );
    files.set(`docs/reference/${kind.kind.toLowerCase()}.md`, referencePage(kind));
    files.set(`docs/schema/${kind.kind.toLowerCase()}.json`, `${JSON.stringify(editorSchema(kind), undefined, 2)}\n`);
  }
  return files;
}

/** Files whose content in the tree differs from what would be generated. */
export async function staleFiles(): Promise<string[]> {
  const stale: string[] = [];
  for (const [path, content] of generatedFiles()) {
    const found = await readFile(join(root, path), 'utf8').catch(() => undefined);
    if (found !== content) stale.push(path);
  }
  return stale;
}

if (import.meta.main) {
  if (process.argv.includes('--check')) {
    const stale = await staleFiles();
    for (const path of stale) process.stderr.write(`${path} is stale; run npm run generate\n`);
    process.exitCode = stale.length > 0 ? 1 : 0;
  } else {
    for (const [path, content] of generatedFiles()) {
      await mkdir(dirname(join(root, path)), { recursive: true });
      await writeFile(join(root, path), content);
    }
  }
}
