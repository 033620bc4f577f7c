/** Inputs in the one form of those that mean the same, so that another way of writing is no change. */
import { isMap, type Value, type ValueMap } from './property.ts';

/** Without the wrappings of secrets. `stringData` of a Secret is stored as `data`, and wins over it. */
export function canonical(inputs: ValueMap): ValueMap {
  if (inputs['kind'] !== 'Secret' || inputs['apiVersion'] !== 'v1') return inputs;
  const { stringData, ...rest } = inputs;
  if (!isMap(stringData)) return inputs;
  const data: Record<string, Value> = isMap(rest['data']) ? { ...rest['data'] } : {};
  for (const [key, value] of Object.entries(stringData)) {
    data[key] = typeof value === 'string' ? Buffer.from(value).toString('base64') : value;
  }
  return { ...rest, data };
}
