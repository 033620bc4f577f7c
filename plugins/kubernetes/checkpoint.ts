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
  /** Digest of the last write, where this was only looked at and an update may follow that puts it back. */
  readonly lastManaged?: string | undefined;
}

export function checkpoint({ inputs, live, manager, initialApiVersion, written, lastManaged }: Kept): ValueMap {
  const found = written === undefined || manager !== fieldManager ? '' : managedDigest(written);
  // A run that is cut off before that update must not leave what others changed as what is to be.
  const managed = lastManaged ?? found;
  return {
    ...markSecrets(asOutputs(live), inputs),
    __inputs: markSecrets(inputs, inputs),
    __initialApiVersion: initialApiVersion,
    __fieldManager: manager,
    ...(managed === '' ? {} : { __managed: managed }),
    ...(found === managed ? {} : { __found: found }),
  };
}

/** The field manager, first apiVersion and digest of the last write that a state tells. */
export function keptIn(outputs: ValueMap): {
  readonly manager: string | undefined;
  readonly initialApiVersion: string | undefined;
  readonly managed: string | undefined;
} {
  const text = (key: string): string | undefined => {
    const value = outputs[key];
    return typeof value === 'string' ? value : undefined;
  };
  return {
    manager: text('__fieldManager'),
    initialApiVersion: text('__initialApiVersion'),
    managed: text('__managed'),
  };
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
