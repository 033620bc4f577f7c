/** Writes what comes from the schema: CRDs, reference pages, editor schemas, the page of reasons. `--check` only compares. */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { dump } from 'js-yaml';
import { toCrd, type KindDefinition } from './kind.ts';
import { kinds } from './kinds.ts';
import { reasons } from './reasons.ts';
import { toCrdSchema, type SchemaNode } from './schema.ts';

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

function reasonsPage(): string {
  const rows = Object.entries(reasons).map(
    ([reason, { meaning, remedy, retry }]) =>
      `| \`${reason}\` | ${meaning} | ${remedy} | ${retry === 'backoff' ? 'yes' : 'when something changes'} |`,
  );
  return [
    '# Reasons',
    '',
    'Every reason that a condition, an Event or a failure can carry. Generated from `operator/api/reasons.ts` by `npm run generate`.',
    '',
    '| reason | means | what to do | tried again by itself |',
    '|---|---|---|---|',
    ...rows,
    '',
  ].join('\n');
}

function referencePage({ kind, apiVersion, about, shortNames, spec, status, rules }: KindDefinition): string {
  const lines = [
    `# ${kind}`,
    '',
    `\`apiVersion: ${apiVersion}\`, \`kind: ${kind}\`${shortNames.length > 0 ? `, short name \`${shortNames.join('`, `')}\`` : ''}. ${about}`,
    '',
  ];
  for (const { message } of rules) lines.push(`- ${message}`, '');
  for (const [title, node] of [
    ['spec', spec.node],
    ['status', status?.node],
  ] as const) {
    if (node === undefined) continue;
    lines.push(`## ${title}`, '', '| field | type | default | means |', '|---|---|---|---|', ...rows(title, node), '');
  }
  lines.push('Generated from `operator/api` by `npm run generate`.', '');
  return lines.join('\n');
}

function rows(path: string, node: SchemaNode): string[] {
  if (node.type === 'list') return rows(`${path}[]`, node.item);
  if (node.type !== 'object') return [];
  return Object.entries(node.fields).flatMap(([name, field]) => {
    const place = `${path}.${name}`;
    const fallback =
      'default' in field && field.default !== undefined
        ? `\`${String(field.default) || '""'}\``
        : node.optional.includes(name)
          ? ''
          : 'required';
    const rules =
      'rules' in field && field.rules !== undefined
        ? ` ${field.rules.map(({ message }) => `${message}.`).join(' ')}`
        : '';
    return [`| \`${place}\` | ${typeName(field)} | ${fallback} | ${field.about}${rules} |`, ...rows(place, field)];
  });
}

function typeName(node: SchemaNode): string {
  if (node.type === 'text')
    return node.oneOf === undefined
      ? `text, at most ${node.max}`
      : node.oneOf.map((value) => `\`${value}\``).join(' or ');
  if (node.type === 'integer')
    return `integer, ${node.min} to ${node.max === Number.MAX_SAFE_INTEGER ? '2^53' : node.max}`;
  if (node.type === 'list') return `list of ${node.item.type}, at most ${node.max}`;
  return node.type;
}

function editorSchema({ kind, apiVersion, about, spec }: KindDefinition): object {
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    title: kind,
    description: about,
    type: 'object',
    required: ['apiVersion', 'kind', 'metadata', 'spec'],
    properties: {
      apiVersion: { const: apiVersion },
      kind: { const: kind },
      metadata: {
        type: 'object',
        required: ['name'],
        properties: { name: { type: 'string' }, namespace: { type: 'string' } },
      },
      spec: toCrdSchema(spec.node),
    },
  };
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
