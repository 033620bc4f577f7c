/** The scalars and maps of YAML 1.1 as kubectl resolves them; test/integration/yaml-dialect.test.ts decides each case. */
import { defineMappingTag, defineScalarTag, FAILSAFE_SCHEMA, mapTag, mergeTag, NOT_RESOLVED } from 'js-yaml';

type ScalarTag<V> = ReturnType<typeof defineScalarTag<V>>;

const words = <V>(tag: string, table: ReadonlyMap<string, V>): ScalarTag<V> =>
  defineScalarTag<V>(tag, {
    implicit: true,
    resolve: (source) => (table.has(source) ? (table.get(source) as V) : NOT_RESOLVED),
    identify: () => false,
  });

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
const noNumbers = /^(?:[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$/;

/** A number that JSON or JavaScript cannot hold stays recognisable (bigint, infinite), so that its place can be told. */
function numberOf(source: string): number | bigint | typeof NOT_RESOLVED {
  if (noNumbers.test(source)) return Infinity;
  if (source.startsWith('_')) return NOT_RESOLVED;
  const plain = source.startsWith('.') ? source.replaceAll(/(?<=[0-9])_(?=[0-9])/g, '') : source.replaceAll('_', '');
  if (integers.test(plain)) return integerOf(plain);
  const value = floats.test(plain) ? Number(plain) : Infinity;
  return Number.isFinite(value) ? value : NOT_RESOLVED;
}

function integerOf(text: string): number | bigint {
  const digits = text.replace(/^[-+]/, '').toLowerCase();
  const value = BigInt(/^0[0-7]/.test(digits) ? `0o${digits.slice(1)}` : digits);
  const signed = text.startsWith('-') ? -value : value;
  return Number.isSafeInteger(Number(signed)) ? Number(signed) : signed;
}

const numberTag = defineScalarTag<number | bigint>('tag:yaml.org,2002:float', {
  implicit: true,
  resolve: numberOf,
  identify: () => false,
});

/** Only where it is written: `!!int "5"`. */
const integerTag = defineScalarTag<number | bigint>('tag:yaml.org,2002:int', {
  resolve: (source) => (integers.test(source.replaceAll('_', '')) ? numberOf(source) : NOT_RESOLVED),
  identify: () => false,
});

/** Text in base 64; bytes that are no text have no place in JSON. */
const binaryTag = defineScalarTag<string>('tag:yaml.org,2002:binary', {
  resolve: (source) => {
    const text = source.replaceAll(/\s/g, '');
    const bytes = Buffer.from(text, 'base64');
    const decoded = bytes.toString('utf8');
    return bytes.toString('base64') === text && Buffer.from(decoded).equals(bytes) ? decoded : NOT_RESOLVED;
  },
  identify: () => false,
});

/** kubectl rounds a key with a fraction to 32 bits, which leaves six digits as they are. */
const hasPlainText = (key: unknown): boolean =>
  typeof key === 'number' &&
  (Number.isSafeInteger(key) || (Math.abs(key) >= 1e-4 && Math.abs(key) < 1e6 && Number(key.toPrecision(6)) === key));

/** Keys of each map that came by `<<` and may still be given by the map itself. */
const merged = new WeakMap<object, Set<string>>();

/**
 * Maps whose keys become text as kubectl makes them text. A merge takes the place of what stands before it, and
 * gives way to what comes after. Needs `json: true`, under which the reader asks `has` for merges alone.
 */
const textMapTag = defineMappingTag<Record<string, unknown>>('tag:yaml.org,2002:map', {
  ...mapTag,
  has: (map, key) => {
    const name = String(key);
    const keys = merged.get(map) ?? new Set();
    if (keys.has(name)) return true;
    merged.set(map, keys.add(name));
    if (Object.hasOwn(map, name)) Reflect.deleteProperty(map, name);
    return false;
  },
  addPair: (map, key, value) => {
    if (typeof key !== 'string' && typeof key !== 'boolean' && !hasPlainText(key))
      return 'a key that is empty, a list, a map, or a number of many digits has no text of its own; quote it';
    const name = String(key);
    if (Object.hasOwn(map, name) && merged.get(map)?.delete(name) !== true) return 'duplicated mapping key';
    return mapTag.addPair(map, name, value);
  },
});

export const kubernetesSchema = FAILSAFE_SCHEMA.withTags(
  textMapTag,
  words('tag:yaml.org,2002:null', nulls),
  words('tag:yaml.org,2002:bool', booleans),
  numberTag,
  integerTag,
  binaryTag,
  mergeTag,
);
