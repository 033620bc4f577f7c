/** A builder that cannot say what a CRD may not say; types, CRD, editor schema, validator and reference page come from it. */

export interface Rule<Value> {
  /** CEL over `self`; what the API server checks. */
  readonly rule: string;
  readonly message: string;
  /** The same offline; absent where the rule compares with the object before. */
  readonly holds?: (value: Value) => boolean;
}

export type Fieldset = Readonly<Record<string, unknown>>;

interface TextNode {
  readonly type: 'text';
  readonly about: string;
  /** Characters. */
  readonly max: number;
  readonly min?: number;
  readonly pattern?: string;
  readonly oneOf?: readonly string[];
  readonly default?: string;
  readonly rules?: readonly Rule<string>[];
}

interface IntegerNode {
  readonly type: 'integer';
  readonly about: string;
  readonly min: number;
  readonly max: number;
  readonly default?: number;
  readonly int64?: boolean;
}

interface BooleanNode {
  readonly type: 'boolean';
  readonly about: string;
  readonly default?: boolean;
}

interface ListNode {
  readonly type: 'list';
  readonly about: string;
  readonly max: number;
  readonly item: SchemaNode;
  /** Fields that tell the items apart: makes it a list-map. */
  readonly keys?: readonly string[];
}

interface MapNode {
  readonly type: 'map';
  readonly about: string;
  readonly max: number;
  readonly value: SchemaNode;
}

interface ObjectNode {
  readonly type: 'object';
  readonly about: string;
  readonly fields: Readonly<Record<string, SchemaNode>>;
  readonly optional: readonly string[];
  readonly rules?: readonly Rule<Fieldset>[];
  readonly hasDefault?: boolean;
}

/** A node of a structural schema. */
export type SchemaNode = TextNode | IntegerNode | BooleanNode | ListNode | MapNode | ObjectNode;

type Presence = 'required' | 'optional' | 'defaulted';

/** `Read` is what the API server serves, with its defaults filled in; `Written` is what people write. */
export interface Node<Read, Written = Read, P extends Presence = Presence> {
  readonly node: SchemaNode;
  readonly isOptional: boolean;
  /** These three are types only; never set. */
  readonly read?: Read;
  readonly written?: Written;
  readonly presence?: P;
}

export type Required<T> = Node<T, T, 'required'>;
export type Defaulted<T> = Node<T, T, 'defaulted'>;
export type Optional<T> = Node<T, T, 'optional'>;

export type ReadOf<N> = N extends Node<infer Read, unknown> ? Read : never;
export type WrittenOf<N> = N extends Node<unknown, infer Written> ? Written : never;

type Fields = Readonly<Record<string, Node<unknown>>>;
type PresenceOf<N> = N extends Node<unknown, unknown, infer P> ? P : never;
type KeysThatAre<P extends Presence, F extends Fields> = {
  [K in keyof F]: PresenceOf<F[K]> extends P ? K : never;
}[keyof F];
type Flat<T> = { [K in keyof T]: T[K] };

type ReadFields<F extends Fields> = Flat<
  { readonly [K in KeysThatAre<'required' | 'defaulted', F>]: ReadOf<F[K]> } & {
    readonly [K in KeysThatAre<'optional', F>]?: ReadOf<F[K]>;
  }
>;
type WrittenFields<F extends Fields> = Flat<
  { readonly [K in KeysThatAre<'required', F>]: WrittenOf<F[K]> } & {
    readonly [K in KeysThatAre<'optional' | 'defaulted', F>]?: WrittenOf<F[K]>;
  }
>;
type ByDefault<O> = O extends { readonly default: unknown } | { readonly hasDefault: true } ? 'defaulted' : 'required';

type Options<N extends SchemaNode, Without extends keyof N = never> = Omit<N, 'type' | 'about' | Without>;

export const text = <const O extends Options<TextNode, 'oneOf'>>(
  about: string,
  options: O,
): Node<string, string, ByDefault<O>> => ({
  node: { type: 'text', about, ...options },
  isOptional: false,
});

/** One of a closed set of words. */
export const oneOf = <const V extends readonly string[], const O extends { readonly default?: V[number] }>(
  about: string,
  values: V,
  options?: O,
): Node<V[number], V[number], ByDefault<O>> => ({
  node: { type: 'text', about, max: 64, oneOf: values, ...options },
  isOptional: false,
});

export const integer = <const O extends Options<IntegerNode>>(
  about: string,
  options: O,
): Node<number, number, ByDefault<O>> => ({
  node: { type: 'integer', about, ...options },
  isOptional: false,
});

export const boolean = <const O extends Options<BooleanNode>>(
  about: string,
  options?: O,
): Node<boolean, boolean, ByDefault<O>> => ({
  node: { type: 'boolean', about, ...options },
  isOptional: false,
});

export const list = <Read, Written>(
  about: string,
  item: Node<Read, Written>,
  options: Options<ListNode, 'item'>,
): Node<readonly Read[], readonly Written[], 'required'> => ({
  node: { type: 'list', about, item: item.node, ...options },
  isOptional: false,
});

/** Text keys, all values alike. */
export const map = <Read, Written>(
  about: string,
  value: Node<Read, Written>,
  options: Options<MapNode, 'value'>,
): Node<Readonly<Record<string, Read>>, Readonly<Record<string, Written>>, 'required'> => ({
  node: { type: 'map', about, value: value.node, ...options },
  isOptional: false,
});

export const optional = <Read, Written>(inner: Node<Read, Written>): Node<Read, Written, 'optional'> => ({
  node: inner.node,
  isOptional: true,
});

/** `hasDefault`: absent means `{}`, whose fields then take their own defaults. */
export const object = <F extends Fields, const O extends Pick<ObjectNode, 'rules' | 'hasDefault'>>(
  about: string,
  fields: F,
  options?: O,
): Node<ReadFields<F>, WrittenFields<F>, ByDefault<O>> => ({
  node: {
    type: 'object',
    about,
    fields: Object.fromEntries(Object.entries(fields).map(([name, field]) => [name, field.node])),
    optional: Object.entries(fields)
      .filter(([, field]) => field.isOptional)
      .map(([name]) => name),
    ...options,
  },
  isOptional: false,
});

/** Whether the API server fills the field in when it is left out. */
export const hasDefault = (node: SchemaNode): boolean =>
  node.type === 'object' ? node.hasDefault === true : 'default' in node && node.default !== undefined;

/** Names of the fields that have to be written. */
export const requiredFields = ({ fields, optional: mayMiss }: ObjectNode): string[] =>
  Object.entries(fields)
    .filter(([name, field]) => !mayMiss.includes(name) && !hasDefault(field))
    .map(([name]) => name);
