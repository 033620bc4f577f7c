/** The JSONPath of `kubectl get -o jsonpath`, as far as it picks values: `.status.conditions[?(@.type=="Ready")].status`. Pure. */
import { failure } from '#runtime';

type Step = (values: readonly unknown[]) => unknown[];

/** Finds every value that the path leads to. */
export type JsonPath = (root: unknown) => unknown[];

/** What stands between braces: with or without `$`, names after dots, `['name']`, `[0]`, `[-1]`, `[*]`, `..name`, `[?(…)]`. @throws Failure ExpressionInvalid */
export function parseJsonPath(text: string): JsonPath {
  const reader = new Reader(text);
  const steps: Step[] = [];
  reader.take(/\$/y);
  while (!reader.isAtEnd) steps.push(stepOf(reader));
  return (root) => steps.reduce<unknown[]>((values, step) => step(values), [root]);
}

class Reader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  get isAtEnd(): boolean {
    return this.#at >= this.#text.length;
  }

  /** The match of a sticky expression here, which is then behind us. */
  take(expression: RegExp): RegExpExecArray | undefined {
    expression.lastIndex = this.#at;
    const found = expression.exec(this.#text) ?? undefined;
    if (found !== undefined) this.#at = expression.lastIndex;
    return found;
  }

  wrong(expected: string): Error {
    const found = this.isAtEnd ? 'its end' : this.#text.slice(this.#at);
    return failure('ExpressionInvalid', { what: `"${this.#text}" is no JSONPath`, expected, found });
  }
}

function stepOf(reader: Reader): Step {
  const deep = reader.take(/\.\.(?=[[\w*])/y) !== undefined;
  const pick = namedStep(reader, deep) ?? bracketStep(reader);
  if (pick === undefined) throw reader.wrong('.name, [0], [*], [\'name\'] or [?(@.name=="value")]');
  return deep ? (values) => pick(values.flatMap(within)) : pick;
}

function namedStep(reader: Reader, afterDots: boolean): Step | undefined {
  const found = reader.take(afterDots ? /(\*|(?:[\w/-]|\\.)+)/y : /\.(\*|(?:[\w/-]|\\.)+)/y)?.[1];
  if (found === undefined) return undefined;
  return found === '*' ? childrenOf : child(found.replace(/\\(.)/g, '$1'));
}

function bracketStep(reader: Reader): Step | undefined {
  if (reader.take(/\[\s*\*\s*\]/y) !== undefined) return childrenOf;
  const index = reader.take(/\[\s*(-?\d+)\s*\]/y)?.[1];
  if (index !== undefined) return (values) => values.flatMap((value) => itemAt(value, Number(index)));
  const name = reader.take(/\[\s*(?:'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)")\s*\]/y);
  if (name !== undefined) return child((name[1] ?? name[2] ?? '').replace(/\\(.)/g, '$1'));
  if (reader.take(/\[\s*\?\s*\(?/y) === undefined) return undefined;
  const test = filterOf(reader);
  if (reader.take(/\s*\)?\s*\]/y) === undefined) throw reader.wrong('the end of the filter: )]');
  return (values) => values.flatMap(childValues).filter((value) => test(value));
}

const child =
  (name: string): Step =>
  (values) =>
    values.flatMap((value) => (isMap(value) && Object.hasOwn(value, name) ? [value[name]] : []));

const childrenOf: Step = (values) => values.flatMap(childValues);

function itemAt(value: unknown, index: number): unknown[] {
  if (!Array.isArray(value)) return [];
  const at = index < 0 ? value.length + index : index;
  return at >= 0 && at < value.length ? [value[at]] : [];
}

function childValues(value: unknown): unknown[] {
  if (Array.isArray(value)) return value;
  return isMap(value) ? Object.values(value) : [];
}

const within = (value: unknown): unknown[] => [value, ...childValues(value).flatMap(within)];

const isMap = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

type Test = (value: unknown) => boolean;

/** Comparisons joined by `&&`, and those by `||`. */
function filterOf(reader: Reader): Test {
  const choices = [[comparison(reader)]];
  for (;;) {
    if (reader.take(/\s*&&\s*/y) !== undefined) choices.at(-1)?.push(comparison(reader));
    else if (reader.take(/\s*\|\|\s*/y) !== undefined) choices.push([comparison(reader)]);
    else return (value) => choices.some((tests) => tests.every((test) => test(value)));
  }
}

function comparison(reader: Reader): Test {
  const left = operand(reader);
  const sign = reader.take(/\s*(==|!=|<=|>=|<|>)\s*/y)?.[1];
  if (sign === undefined) return (value) => left(value).length > 0;
  const right = operand(reader);
  return (value) => holds(sign, left(value)[0], right(value)[0]);
}

function operand(reader: Reader): JsonPath {
  reader.take(/\s*/y);
  const literal = reader.take(/'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)"|(true|false|null|-?\d+(?:\.\d+)?)/y);
  if (literal !== undefined) {
    const [, single, double, word] = literal;
    const value: unknown = word === undefined ? (single ?? double ?? '').replace(/\\(.)/g, '$1') : JSON.parse(word);
    return () => [value];
  }
  if (reader.take(/@/y) === undefined) throw reader.wrong('@, a quoted text or a number');
  const steps: Step[] = [];
  for (let next = argumentStep(reader); next !== undefined; next = argumentStep(reader)) steps.push(next);
  return (root) => steps.reduce<unknown[]>((values, step) => step(values), [root]);
}

const argumentStep = (reader: Reader): Step | undefined => namedStep(reader, false) ?? bracketStep(reader);

function holds(sign: string, a: unknown, b: unknown): boolean {
  if (sign === '==') return a === b;
  if (sign === '!=') return a !== b;
  if (typeof a !== typeof b || (typeof a !== 'number' && typeof a !== 'string')) return false;
  const order = a < (b as typeof a) ? -1 : a > (b as typeof a) ? 1 : 0;
  return sign === '<' ? order < 0 : sign === '>' ? order > 0 : sign === '<=' ? order <= 0 : order >= 0;
}
