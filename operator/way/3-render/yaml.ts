/** Reads YAML and JSON as kubectl reads them, with bounds, and with the line on which every document begins. */
import { constructFromEvents, EVENT_ID, YAMLException, type parseEvents } from 'js-yaml';
import { failure, type Failure } from '#runtime';
import { parseLeniently } from './yaml-events.ts';
import { kubernetesSchema } from './yaml-tags.ts';

export interface YamlDocument {
  readonly value: unknown;
  /** 1-based line of the file on which the document's content begins. */
  readonly line: number;
}

const bounds = { depth: 100, aliases: 10_000, mergeKeys: 100_000, nodes: 1_000_000 };

/** @throws Failure YamlInvalid with file, line and column. */
export function readYaml(text: string, file: string): YamlDocument[] {
  try {
    const plain = text.startsWith('\uFEFF') ? text.slice(1) : text;
    assertLineBreaks(plain, file);
    const { events, source } = parseLeniently(plain, file, bounds.depth);
    const starts = documentStarts(events, source);
    const values = constructFromEvents(events, {
      source,
      filename: file,
      schema: kubernetesSchema,
      json: true,
      maxAliases: bounds.aliases,
      maxTotalMergeKeys: bounds.mergeKeys,
    });
    const budget = { left: bounds.nodes };
    return values.map((value, index) => {
      const line = starts[index] ?? 1;
      // Aliases share one node; whatever is sent is a tree, so it is counted and copied as one.
      return { value: treeOf(value, { budget, where: `${file}:${line}`, path: [] }), line };
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

/** YAML 1.1 breaks lines at characters that hardly anybody sees; kubectl does, in everything but JSON. */
function assertLineBreaks(text: string, file: string): void {
  const found = /^\s*\{/.test(text) ? null : /[\u0085\u2028\u2029]/.exec(text);
  if (found === null) return;
  const code = found[0].charCodeAt(0).toString(16).padStart(4, '0');
  throw failure('YamlInvalid', {
    where: `${file}:${text.slice(0, found.index).split('\n').length}`,
    what: `the character U+${code} breaks the line for kubectl`,
    remedy: `write "\\u${code}" in double quotes`,
  });
}

interface Tree {
  readonly budget: { left: number };
  /** File and line of the document. */
  readonly where: string;
  /** Where in the document the walk is. */
  readonly path: (string | number)[];
}

/** @throws Failure YamlInvalid naming the field whose value cannot be sent. */
function treeOf(value: unknown, tree: Tree): unknown {
  const { budget, path } = tree;
  budget.left -= 1;
  if (budget.left < 0)
    throw refused(tree, `the file has more than ${bounds.nodes} nodes once aliases are expanded`, 'use fewer aliases');
  if (path.length > bounds.depth) throw refused(tree, `nesting is deeper than ${bounds.depth}`, 'flatten the document');
  if (typeof value === 'bigint')
    throw refused(tree, `number ${value} is too large to be kept exactly`, 'quote it, or use at most 2^53');
  if (typeof value === 'number' && !Number.isFinite(value))
    throw refused(tree, 'JSON has no infinite or undefined number', 'quote it if text is meant');
  if (typeof value !== 'object' || value === null) return value;
  const below = (name: string | number, item: unknown): unknown => {
    path.push(name);
    const copy = treeOf(item, tree);
    path.pop();
    return copy;
  };
  if (Array.isArray(value)) return value.map((item, index) => below(index, item));
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, below(key, item)]));
}

function refused({ where, path }: Tree, what: string, remedy: string): Failure {
  const field = path.length === 0 ? '' : ` ${path.slice(0, 8).join('.')}${path.length > 8 ? '…' : ''}`;
  return failure('YamlInvalid', { where: `${where}${field}`, what, remedy });
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
