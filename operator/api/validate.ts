/** Checks a value offline as the API server would, so that the command line can say what is wrong before it is committed. */
import type { KindDefinition } from './kind.ts';
import { requiredFields, type Fieldset, type Node, type Rule, type SchemaNode } from './schema.ts';

export interface Problem {
  /** `spec.ref.branch`, `spec.dependsOn[0].name`. */
  readonly path: string;
  readonly expected: string;
  readonly found: string;
}

type NodeOf<T extends SchemaNode['type']> = Extract<SchemaNode, { type: T }>;

/** Everything in which the value is not as the schema says; unknown fields are among it. */
export const validate = (schema: Node<unknown>, value: unknown, path = ''): readonly Problem[] =>
  check(schema.node, value, path);

/** The same for a whole object: its spec, and the rules of its kind. The status is not people's to write. */
export function validateObject(kind: KindDefinition, object: Fieldset): readonly Problem[] {
  const { metadata, spec } = object;
  const problems = spec === undefined ? [missing('spec')] : check(kind.spec.node, spec, 'spec');
  if (!isFieldset(metadata) || typeof metadata.name !== 'string') return [missing('metadata.name'), ...problems];
  return [...broken(kind.rules, { metadata: { name: metadata.name } }, 'metadata.name', metadata.name), ...problems];
}

function check(node: SchemaNode, value: unknown, path: string): Problem[] {
  switch (node.type) {
    case 'text':
      return typeof value === 'string' ? checkText(node, value, path) : [wrong(path, 'a text', value)];
    case 'integer':
      return checkInteger(node, value, path);
    case 'boolean':
      return typeof value === 'boolean' ? [] : [wrong(path, 'true or false', value)];
    case 'list':
      return Array.isArray(value) ? checkList(node, value, path) : [wrong(path, 'a list', value)];
    case 'map':
      return isFieldset(value) ? checkMap(node, value, path) : [wrong(path, 'an object', value)];
    case 'object':
      return isFieldset(value) ? checkObject(node, value, path) : [wrong(path, 'an object', value)];
  }
}

function checkInteger({ min, max }: NodeOf<'integer'>, value: unknown, path: string): Problem[] {
  const fits = typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max;
  return fits ? [] : [wrong(path, `a whole number from ${min} to ${max}`, value)];
}

function checkText(node: NodeOf<'text'>, value: string, path: string): Problem[] {
  // The API server counts characters, not UTF-16 units.
  const length = [...value].length;
  if (node.oneOf !== undefined && !node.oneOf.includes(value))
    return [wrong(path, `one of ${node.oneOf.join(', ')}`, value)];
  if (length > node.max) return [{ path, expected: `at most ${node.max} characters`, found: `${length}` }];
  if (length < (node.min ?? 0)) return [{ path, expected: `at least ${node.min} characters`, found: `${length}` }];
  if (node.pattern !== undefined && !new RegExp(node.pattern, 'u').test(value))
    return [wrong(path, `a text that matches ${node.pattern}`, value)];
  return broken(node.rules, value, path);
}

function checkList(node: NodeOf<'list'>, value: readonly unknown[], path: string): Problem[] {
  if (value.length > node.max) return [{ path, expected: `at most ${node.max} items`, found: `${value.length}` }];
  const problems = value.flatMap((item, index) => check(node.item, item, `${path}[${index}]`));
  const { keys } = node;
  if (keys === undefined) return problems;
  const seen = new Set<string>();
  for (const [index, item] of value.entries()) {
    if (!isFieldset(item)) continue;
    const key = JSON.stringify(keys.map((name) => item[name]));
    if (seen.has(key))
      problems.push(wrong(`${path}[${index}]`, `each ${keys.join(', ')} only once`, item[keys[0] ?? '']));
    seen.add(key);
  }
  return problems;
}

function checkMap(node: NodeOf<'map'>, value: Fieldset, path: string): Problem[] {
  const entries = Object.entries(value);
  if (entries.length > node.max) return [{ path, expected: `at most ${node.max} entries`, found: `${entries.length}` }];
  return entries.flatMap(([key, item]) => check(node.value, item, within(path, key)));
}

function checkObject(node: NodeOf<'object'>, value: Fieldset, path: string): Problem[] {
  const known = new Set(Object.keys(node.fields));
  const problems = [
    ...requiredFields(node)
      .filter((name) => value[name] === undefined)
      .map((name) => missing(within(path, name))),
    ...Object.keys(value)
      .filter((name) => !known.has(name))
      .map((name) => wrong(within(path, name), `one of the fields ${[...known].join(', ')}`, name)),
    ...Object.entries(node.fields).flatMap(([name, field]) =>
      value[name] === undefined ? [] : check(field, value[name], within(path, name)),
    ),
  ];
  return problems.length > 0 ? problems : broken(node.rules, value, path);
}

function broken<Value>(
  rules: readonly Rule<Value>[] | undefined,
  value: Value,
  path: string,
  shown: unknown = value,
): Problem[] {
  return (rules ?? [])
    .filter(({ holds }) => holds !== undefined && !holds(value))
    .map(({ message }) => wrong(path, message, shown));
}

const isFieldset = (value: unknown): value is Fieldset =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const within = (path: string, name: string): string => (path === '' ? name : `${path}.${name}`);

const missing = (path: string): Problem => ({ path, expected: 'a value', found: 'nothing' });

const wrong = (path: string, expected: string, value: unknown): Problem => ({ path, expected, found: show(value) });

/** A value in a few words: a whole list would drown the sentence. */
function show(value: unknown): string {
  const text = JSON.stringify(value) ?? 'nothing';
  return text.length > 80 ? `${text.slice(0, 77)}...` : text;
}
