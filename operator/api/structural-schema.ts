/** A schema as the API server wants it (structural OpenAPI v3), and as an editor wants it (JSON Schema). */
import type { KindDefinition } from './kind.ts';
import { requiredFields, type Rule, type SchemaNode } from './schema.ts';

/** The structural schema of a CRD. */
export function toCrdSchema(node: SchemaNode): Record<string, unknown> {
  const extensions =
    node.type === 'list'
      ? node.keys === undefined
        ? { 'x-kubernetes-list-type': 'atomic' }
        : { 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': node.keys }
      : 'rules' in node && node.rules !== undefined
        ? { 'x-kubernetes-validations': celRules(node.rules) }
        : {};
  return { ...shape(node, toCrdSchema), ...extensions };
}

/** The same without Kubernetes' extensions, and closed, so that an editor underlines an unknown field. */
export function toEditorSchema(node: SchemaNode): Record<string, unknown> {
  const closed = node.type === 'object' ? { additionalProperties: false } : {};
  return { ...shape(node, toEditorSchema), ...closed };
}

export const celRules = (rules: readonly Rule<never>[]): object[] =>
  rules.map(({ rule, message }) => ({ rule, message }));

function shape(node: SchemaNode, inner: (node: SchemaNode) => object): Record<string, unknown> {
  const description = node.about;
  const preset = 'default' in node && node.default !== undefined ? { default: node.default } : {};
  switch (node.type) {
    case 'text':
      return { type: 'string', description, ...textBounds(node), ...preset };
    case 'integer':
      return {
        type: 'integer',
        description,
        format: node.int64 ? 'int64' : 'int32',
        minimum: node.min,
        maximum: node.max,
        ...preset,
      };
    case 'boolean':
      return { type: 'boolean', description, ...preset };
    case 'list':
      return { type: 'array', description, maxItems: node.max, items: inner(node.item) };
    case 'map':
      return { type: 'object', description, maxProperties: node.max, additionalProperties: inner(node.value) };
    case 'object': {
      const required = requiredFields(node);
      return {
        type: 'object',
        description,
        properties: Object.fromEntries(Object.entries(node.fields).map(([name, field]) => [name, inner(field)])),
        ...(required.length === 0 ? {} : { required }),
        ...(node.hasDefault ? { default: {} } : {}),
      };
    }
  }
}

/** docs/schema/<kind>.json: what people write; the status is not among it. */
export function editorSchema({ kind, apiVersion, about, spec }: KindDefinition): object {
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
      spec: toEditorSchema(spec.node),
    },
  };
}

const textBounds = ({ min, max, pattern, oneOf }: Extract<SchemaNode, { type: 'text' }>): object => ({
  ...(min === undefined ? {} : { minLength: min }),
  maxLength: max,
  ...(pattern === undefined ? {} : { pattern }),
  ...(oneOf === undefined ? {} : { enum: oneOf }),
});
