/** Annotations of an object by which a program tells the provider how to treat it. */
import { isMap, reveal, type ValueMap } from './property.ts';

export type OwnAnnotation =
  | 'autonamed'
  | 'skipAwait'
  | 'waitFor'
  | 'timeoutSeconds'
  | 'replaceUnready'
  | 'patchForce'
  | 'patchFieldManager'
  | 'deletionPropagationPolicy';

/** Undefined when it is not set, or not known yet. */
export function annotationOf(inputs: ValueMap, name: OwnAnnotation): string | undefined {
  const { metadata } = inputs;
  const revealed = metadata === undefined ? null : reveal(metadata);
  const annotations = isMap(revealed) ? revealed['annotations'] : undefined;
  const value = isMap(annotations) ? annotations[`pulumi.com/${name}`] : undefined;
  return typeof value === 'string' ? value : typeof value === 'object' ? undefined : value?.toString();
}

export const isAnnotated = (inputs: ValueMap, name: OwnAnnotation): boolean => annotationOf(inputs, name) === 'true';
