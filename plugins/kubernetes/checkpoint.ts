/** The outputs that the engine keeps of an object, laid out as the official provider does, so that either can go on. */
import { fieldManager, managedDigest, type KubeObject } from '#kube';
import { asOutputs } from './object.ts';
import { isMap, isSecret, type ValueMap } from './property.ts';
import { markSecrets } from './secrets.ts';

export interface Kept {
  /** Checked inputs, secrets marked. */
  readonly inputs: ValueMap;
  readonly live: KubeObject;
  readonly manager: string;
  /** The apiVersion under which the resource was first made. */
  readonly initialApiVersion: string;
  /** As the API server answered our write; by it the operator tells what others changed since. */
  readonly written?: KubeObject;
}

export function checkpoint({ inputs, live, manager, initialApiVersion, written }: Kept): ValueMap {
  const managed = written === undefined || manager !== fieldManager ? '' : managedDigest(written);
  return {
    ...markSecrets(asOutputs(live), inputs),
    __inputs: markSecrets(inputs, inputs),
    __initialApiVersion: initialApiVersion,
    __fieldManager: manager,
    ...(managed === '' ? {} : { __managed: managed }),
  };
}

/** The field manager and first apiVersion that a state tells. */
export function keptIn(outputs: ValueMap): {
  readonly manager: string | undefined;
  readonly initialApiVersion: string | undefined;
} {
  const text = (key: string): string | undefined => {
    const value = outputs[key];
    return typeof value === 'string' ? value : undefined;
  };
  return { manager: text('__fieldManager'), initialApiVersion: text('__initialApiVersion') };
}

/** The inputs of the last update: the engine sends them, and the outputs hold them. */
export function inputsIn({
  oldInputs,
  oldOutputs,
}: {
  readonly oldInputs: ValueMap;
  readonly oldOutputs: ValueMap;
}): ValueMap {
  if (Object.keys(oldInputs).length > 0) return oldInputs;
  const kept = oldOutputs['__inputs'];
  const inner = isSecret(kept) ? kept.value : kept;
  return isMap(inner) ? inner : {};
}
