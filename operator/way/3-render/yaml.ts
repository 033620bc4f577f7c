/** Reads YAML and JSON as kubectl reads them, with bounds, and with the line on which every document begins. */
import {
  constructFromEvents,
  defineScalarTag,
  EVENT_ID,
  FAILSAFE_SCHEMA,
  mergeTag,
  NOT_RESOLVED,
  parseEvents,
  YAMLException,
} from 'js-yaml';
import { failure } from '#runtime';

export interface YamlDocument {
  readonly value: unknown;
  /** 1-based line of the file on which the document's content begins. */
  readonly line: number;
}

const bounds = { depth: 100, aliases: 100, mergeKeys: 10_000, nodes: 1_000_000 };

const words = <V>(tag: string, table: ReadonlyMap<string, V>): ReturnType<typeof defineScalarTag<V>> =>
  defineScalarTag<V>(tag, {
    implicit: true,
    resolve: (source) => (table.has(source) ? (table.get(source) as V) : NOT_RESOLVED),
    identify: () => false,
  });

/** YAML 1.1 words, as sigs.k8s.io/yaml (a fork of go-yaml v2) resolves them; test/integration/yaml-dialect decides. */
const spellings = (value: boolean, ...names: readonly string[]): (readonly [string, boolean])[] =>
  names.flatMap((name) =>
    [name, `${name.charAt(0).toUpperCase()}${name.slice(1)}`, name.toUpperCase()].map((word) => [word, value] as const),
  );
const booleans = new Map([
  ...spellings(true, 'true', 'yes', 'on', 'y'),
  ...spellings(false, 'false', 'no', 'off', 'n'),
]);
const nulls = new Map<string, null>(['', '~', 'null', 'Null', 'NULL'].map((word) => [word, null]));

const integers = /^[-+]?(?:0[xX][0-9a-fA-F]+|0[bB][01]+|0[oO]?[0-7]+|0|[1-9][0-9]*)$/;
const floats = /^[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?$/;

const numberTag = defineScalarTag<number>('tag:yaml.org,2002:float', {
  implicit: true,
  resolve: (source) => {
    const plain = source.replaceAll('_', '');
    if (plain === '' || source.startsWith('_')) return NOT_RESOLVED;
    if (integers.test(plain)) return exactInteger(plain);
    return floats.test(plain) ? Number(plain) : NOT_RESOLVED;
  },
  identify: () => false,
});

/** @throws RangeError when the number cannot be held without loss. */
function exactInteger(text: string): number {
  const negative = text.startsWith('-');
  const digits = text.replace(/^[-+]/, '');
  const octal = /^0[0-7]/.test(digits);
  const value = Number(octal ? `0o${digits.slice(1)}` : digits.replace(/^0O/, '0o'));
  if (!Number.isSafeInteger(value))
    throw new RangeError(`number ${text} is too large to be kept exactly; quote it, or use at most 2^53`);
  return negative ? -value : value;
}

const schema = FAILSAFE_SCHEMA.withTags(
  words('tag:yaml.org,2002:null', nulls),
  words('tag:yaml.org,2002:bool', booleans),
  numberTag,
  mergeTag,
);

/** @throws Failure YamlInvalid with file, line and column. */
export function readYaml(text: string, file: string): YamlDocument[] {
  try {
    const source = text.startsWith('\uFEFF') ? text.slice(1) : text;
    const events = parseEvents(source, { filename: file, maxDepth: bounds.depth });
    const starts = documentStarts(events, source);
    const values = constructFromEvents(events, {
      source,
      filename: file,
      schema,
      maxAliases: bounds.aliases,
      maxTotalMergeKeys: bounds.mergeKeys,
    });
    const budget = { left: bounds.nodes };
    return values.map((value, index) => {
      // Aliases share one node; whatever is sent is a tree, so it is counted and copied as one.
      return { value: asTree(value, budget, 0), line: starts[index] ?? 1 };
    });
  } catch (error) {
    throw yamlFailure(error, file);
  }
}

function documentStarts(events: ReturnType<typeof parseEvents>, source: string): number[] {
  const starts: number[] = [];
  let line = 1;
  let offset = 0;
  let open = false;
  for (const event of events) {
    if (event.type === EVENT_ID.DOCUMENT) {
      open = true;
      starts.push(line);
      continue;
    }
    if (!open || event.type === EVENT_ID.POP || event.type === EVENT_ID.ALIAS) continue;
    const start = event.type === EVENT_ID.SCALAR ? event.valueStart : event.start;
    for (; offset < start; offset += 1) if (source.charCodeAt(offset) === 10) line += 1;
    starts[starts.length - 1] = line;
    open = false;
  }
  return starts;
}

function asTree(value: unknown, budget: { left: number }, depth: number): unknown {
  budget.left -= 1;
  if (budget.left < 0)
    throw new RangeError(`the file has more than ${bounds.nodes} nodes once aliases are expanded; use fewer aliases`);
  if (depth > bounds.depth) throw new RangeError(`nesting is deeper than ${bounds.depth}; flatten the document`);
  if (Array.isArray(value)) return value.map((item) => asTree(item, budget, depth + 1));
  if (typeof value === 'number' && !Number.isFinite(value))
    throw new RangeError('infinite and undefined numbers are no JSON');
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, asTree(item, budget, depth + 1)]));
}

function yamlFailure(error: unknown, file: string): Error {
  if (error instanceof YAMLException) {
    const { mark, reason } = error as { mark?: { line: number; column: number }; reason?: string };
    const where = mark === undefined ? file : `${file}:${mark.line + 1}:${mark.column + 1}`;
    return failure(
      'YamlInvalid',
      { where, what: reason ?? error.message, remedy: 'correct the file' },
      { cause: error },
    );
  }
  if (error instanceof RangeError)
    return failure('YamlInvalid', { where: file, what: error.message }, { cause: error });
  return error instanceof Error ? error : new Error(String(error));
}
