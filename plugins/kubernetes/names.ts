/** Names of objects that the program does not name: its own name of the resource and a random end. */
import { createHash, randomBytes } from 'node:crypto';
import type { Autonaming, CheckFailure } from './requests.ts';
import { isMap, reveal, type Value, type ValueMap } from './property.ts';

export const autonamed = 'pulumi.com/autonamed';

const suffixLength = 8;

export function isAutonamed(inputs: ValueMap | undefined): boolean {
  const metadata = inputs?.['metadata'];
  const annotations = isMap(metadata) ? metadata['annotations'] : undefined;
  return isMap(annotations) && annotations[autonamed] === 'true';
}

/** Named by the program, be it that the name is not known yet. */
export function isNamed(inputs: ValueMap): boolean {
  const name = nameIn(inputs);
  return name !== undefined && name !== null && name !== '';
}

export function nameIn(inputs: ValueMap | undefined): Value | undefined {
  const metadata = inputs?.['metadata'];
  return isMap(metadata) ? metadata['name'] : undefined;
}

/** The inputs with the name, marked as given by us. */
export function withAutoname(inputs: ValueMap, name: Value): ValueMap {
  const metadata = isMap(inputs['metadata']) ? inputs['metadata'] : {};
  const annotations = isMap(metadata['annotations']) ? metadata['annotations'] : {};
  return { ...inputs, metadata: { ...metadata, name, annotations: { ...annotations, [autonamed]: 'true' } } };
}

interface Wish {
  readonly name: string;
  readonly seed: Uint8Array;
  readonly autonaming: Autonaming | undefined;
}

/** A new name; a failure where the project's configuration wants every name written down. */
export function autoname({ name, seed, autonaming }: Wish): string | CheckFailure {
  if (autonaming?.mode === 'disable') {
    return { property: 'metadata.name', reason: 'auto-naming is disabled by the configuration; set metadata.name' };
  }
  if (autonaming !== undefined && autonaming.proposed !== '') return autonaming.proposed;
  // The engine's seed makes the same name again when an update is tried again.
  const random = seed.length === 0 ? randomBytes(suffixLength) : createHash('sha256').update(seed).digest();
  return `${name}-${Buffer.from(random).toString('hex').slice(0, suffixLength)}`;
}

/** For {@link nameIn} as text. */
export const knownName = (inputs: ValueMap): string | undefined => {
  const name = reveal(nameIn(inputs) ?? null);
  return typeof name === 'string' && name !== '' ? name : undefined;
};
