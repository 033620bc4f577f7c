/** Marks as secret in one state of an object what is secret in another. */
import { hasSecret, isMap, isSecret, secret, type Value, type ValueMap } from './property.ts';

/** Keys of a Secret whose values are secret wherever they come from. */
const valuesOfSecret = ['data', 'stringData'];

/** `target` with everything secret that is secret at the same place of `source`, and all values of Secrets. */
export function markSecrets(target: ValueMap, source: ValueMap): ValueMap {
  const marked: Record<string, Value> = {};
  const isSecretKind = target['kind'] === 'Secret' && target['apiVersion'] === 'v1';
  for (const [key, value] of Object.entries(target)) {
    const always = isSecretKind && valuesOfSecret.includes(key);
    marked[key] = always ? asSecret(value) : mark(value, source[key]);
  }
  return isSecretKind ? withoutCopy(marked) : marked;
}

function mark(value: Value, source: Value | undefined): Value {
  if (source === undefined || isSecret(value)) return value;
  if (isMap(value) && isMap(source)) return markSecrets(value, source);
  // Within a list, values may have moved: all of it is secret when one of them is.
  return hasSecret(source) ? secret(value) : value;
}

const asSecret = (value: Value): Value => (isSecret(value) ? value : secret(value));

/** kubectl keeps a copy of what it applied in an annotation, values and all. */
function withoutCopy(object: Record<string, Value>): ValueMap {
  const { metadata } = object;
  const annotations = isMap(metadata) ? metadata['annotations'] : undefined;
  if (!isMap(metadata) || !isMap(annotations) || annotations[copy] === undefined) return object;
  return { ...object, metadata: { ...metadata, annotations: { ...annotations, [copy]: asSecret(annotations[copy]) } } };
}

const copy = 'kubectl.kubernetes.io/last-applied-configuration';
