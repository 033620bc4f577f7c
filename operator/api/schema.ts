/** A builder that cannot say what a CRD may not say; types, CRD, editor schema and reference page come from it. */

export interface Rule {
  /** CEL over `self`. */
  readonly rule: string;
  readonly message: string;
}

/** A node of a structural schema. */
export type SchemaNode =
  | {
      readonly type: 'text';
      readonly about: string;
      readonly max: number;
      readonly pattern?: string;
      readonly oneOf?: readonly string[];
      readonly default?: string;
      readonly rules?: readonly Rule[];
    }
  | {
      readonly type: 'integer';
      readonly about: string;
      readonly min: number;
      readonly max: number;
      readonly default?: number;
      readonly int64?: boolean;
    }
  | { readonly type: 'boolean'; readonly about: string; readonly default?: boolean }
  | {
      readonly type: 'list';
      readonly about: string;
      readonly max: number;
      readonly item: SchemaNode;
      readonly keys?: readonly string[];
    }
  | {
      readonly type: 'object';
      readonly about: string;
      readonly fields: Readonly<Record<string, SchemaNode>>;
      readonly optional: readonly string[];
      readonly rules?: readonly Rule[];
      readonly hasDefault?: boolean;
    };

/** `Read` is the type of a value that the API server has filled with defaults. */
export interface Node<Read, Optional extends boolean = false> {
  readonly node: SchemaNode;
  readonly isOptional: Optional;
  /** Type only; never set. */
  readonly read?: Read;
}

type Fields = Readonly<Record<string, Node<unknown, boolean>>>;
type ReadOf<N> = N extends Node<infer Read, boolean> ? Read : never;
type OptionalKeys<F extends Fields> = { [K in keyof F]: F[K]['isOptional'] extends true ? K : never }[keyof F];
export type ReadFields<F extends Fields> = { readonly [K in Exclude<keyof F, OptionalKeys<F>>]: ReadOf<F[K]> } & {
  readonly [K in OptionalKeys<F>]?: ReadOf<F[K]>;
};

interface TextOptions {
  readonly max: number;
  readonly pattern?: string;
  readonly default?: string;
  readonly rules?: readonly Rule[];
}

export const text = (about: string, options: TextOptions): Node<string> => ({
  node: { type: 'text', about, ...options },
  isOptional: false,
});

export const oneOf = <const V extends readonly string[]>(
  about: string,
  values: V,
  options: { readonly default?: V[number] } = {},
): Node<V[number]> => ({
  node: { type: 'text', about, max: 64, oneOf: values, ...options },
  isOptional: false,
});

export const integer = (
  about: string,
  options: { min: number; max: number; default?: number; int64?: boolean },
): Node<number> => ({
  node: { type: 'integer', about, ...options },
  isOptional: false,
});

export const boolean = (about: string, options: { readonly default?: boolean } = {}): Node<boolean> => ({
  node: { type: 'boolean', about, ...options },
  isOptional: false,
});

export const list = <Read>(
  about: string,
  item: Node<Read, boolean>,
  options: { max: number; keys?: readonly string[] },
): Node<readonly Read[]> => ({
  node: { type: 'list', about, item: item.node, ...options },
  isOptional: false,
});

export const optional = <Read>(inner: Node<Read, boolean>): Node<Read, true> => ({
  node: inner.node,
  isOptional: true,
});

/** `hasDefault`: absent means `{}`, whose fields then take their own defaults. */
export const object = <F extends Fields>(
  about: string,
  fields: F,
  options: { rules?: readonly Rule[]; hasDefault?: boolean } = {},
): Node<ReadFields<F>> => ({
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

const hasDefault = (node: SchemaNode): boolean =>
  node.type === 'object' ? node.hasDefault === true : 'default' in node && node.default !== undefined;

/** The OpenAPI v3 structural schema of a CRD. */
export function toCrdSchema(node: SchemaNode): Record<string, unknown> {
  const description = node.about;
  switch (node.type) {
    case 'text':
      return {
        type: 'string',
        description,
        maxLength: node.max,
        ...(node.pattern === undefined ? {} : { pattern: node.pattern }),
        ...(node.oneOf === undefined ? {} : { enum: node.oneOf }),
        ...(node.default === undefined ? {} : { default: node.default }),
        ...rulesOf(node.rules),
      };
    case 'integer':
      return {
        type: 'integer',
        description,
        format: node.int64 ? 'int64' : 'int32',
        minimum: node.min,
        maximum: node.max,
        ...(node.default === undefined ? {} : { default: node.default }),
      };
    case 'boolean':
      return { type: 'boolean', description, ...(node.default === undefined ? {} : { default: node.default }) };
    case 'list':
      return {
        type: 'array',
        description,
        maxItems: node.max,
        items: toCrdSchema(node.item),
        ...(node.keys === undefined
          ? { 'x-kubernetes-list-type': 'atomic' }
          : { 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': node.keys }),
      };
    case 'object': {
      const required = Object.entries(node.fields)
        .filter(([name, field]) => !node.optional.includes(name) && !hasDefault(field))
        .map(([name]) => name);
      return {
        type: 'object',
        description,
        properties: Object.fromEntries(Object.entries(node.fields).map(([name, field]) => [name, toCrdSchema(field)])),
        ...(required.length === 0 ? {} : { required }),
        ...(node.hasDefault ? { default: {} } : {}),
        ...rulesOf(node.rules),
      };
    }
  }
}

const rulesOf = (rules: readonly Rule[] | undefined): object =>
  rules === undefined ? {} : { 'x-kubernetes-validations': rules };
