/** The pages of docs/ that are made of the schema and of the table of reasons. */
import type { KindDefinition } from './kind.ts';
import { reasons } from './reasons.ts';
import { hasDefault, type SchemaNode } from './schema.ts';

/** docs/reasons.md: a row a reason. */
export function reasonsPage(): string {
  const rows = Object.entries(reasons).map(
    ([reason, { meaning, remedy, retry }]) =>
      `| \`${reason}\` | ${meaning} | ${remedy} | ${retry === 'backoff' ? 'retried' : 'stalled'} |`,
  );
  return [
    '# Reasons',
    '',
    'Every reason that a condition, an Event or a failure can carry. Generated from `operator/api/reasons.ts` by `npm run generate`.',
    '',
    'A failure with a `retried` reason is tried again by itself, later each time. A `stalled` one waits until the object, its source or the cluster changes.',
    '',
    '| reason | means | what to do | after a failure |',
    '|---|---|---|---|',
    ...rows,
    '',
  ].join('\n');
}

/** docs/reference/<kind>.md: a row a field. */
export function referencePage({ kind, apiVersion, about, shortNames, spec, status, rules }: KindDefinition): string {
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
  if (node.type === 'map') return rows(`${path}.*`, node.value);
  if (node.type !== 'object') return [];
  return Object.entries(node.fields).flatMap(([name, field]) => {
    const place = `${path}.${name}`;
    const fallback =
      'default' in field && field.default !== undefined
        ? `\`${String(field.default) || '""'}\``
        : node.optional.includes(name) || hasDefault(field)
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
  if (node.type === 'map') return `map of ${node.value.type}, at most ${node.max}`;
  return node.type;
}
