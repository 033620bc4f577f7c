/** Inputs in the one form of those that mean the same, so that another way of writing is no change. */
import { isMap, type Value, type ValueMap } from './property.ts';

/** Without the wrappings of secrets. `stringData` of a Secret is stored as `data`, and wins over it; line ends in base64 are not. */
export function canonical(inputs: ValueMap): ValueMap {
  if (inputs['kind'] !== 'Secret' || inputs['apiVersion'] !== 'v1') return inputs;
  const { stringData, data, ...rest } = inputs;
  if (!isMap(stringData) && !isMap(data)) return inputs;
  const stored: Record<string, Value> = {};
  for (const [key, value] of Object.entries(isMap(data) ? data : {})) {
    stored[key] = typeof value === 'string' ? value.replaceAll(/[\r\n]/g, '') : value;
  }
  for (const [key, value] of Object.entries(isMap(stringData) ? stringData : {})) {
    stored[key] = typeof value === 'string' ? Buffer.from(value).toString('base64') : value;
  }
  return { ...rest, data: stored };
}
