/** Property values as Pulumi knows them: JSON, and within it secrets, unknowns, assets, outputs and references. */

const special = Symbol('kind of a property value that JSON does not have');

/** Not known before the update; only previews have them. */
export interface Unknown {
  readonly [special]: 'unknown';
}

export interface Secret {
  readonly [special]: 'secret';
  readonly value: Value;
}

/** A value with the resources that it comes from; sent to constructs alone. */
export interface Output {
  readonly [special]: 'output';
  /** Undefined when it is not known. */
  readonly value: Value | undefined;
  readonly secret: boolean;
  readonly dependencies: readonly string[];
}

/** A file (or, when it has `assets`, a folder of files) given by path, URI or content. */
export interface Asset {
  readonly [special]: 'asset';
  readonly path?: string;
  readonly uri?: string;
  readonly text?: string;
  readonly assets?: Readonly<Record<string, Value>>;
  /** As the engine sent it, for the way back. */
  readonly sent: Readonly<Record<string, unknown>>;
}

export interface Reference {
  readonly [special]: 'reference';
  readonly urn: string;
  readonly id: Value | undefined;
  readonly packageVersion: string;
}

type Special = Unknown | Secret | Output | Asset | Reference;
export interface ValueMap {
  readonly [key: string]: Value;
}
export type Value = null | boolean | number | string | readonly Value[] | ValueMap | Special;

export const unknown: Unknown = Object.freeze({ [special]: 'unknown' as const });
export const secret = (value: Value): Secret => ({ [special]: 'secret', value });
export const output = (parts: Omit<Output, typeof special>): Output => ({ [special]: 'output', ...parts });
export const asset = (parts: Omit<Asset, typeof special>): Asset => ({ [special]: 'asset', ...parts });
export const reference = (parts: Omit<Reference, typeof special>): Reference => ({ [special]: 'reference', ...parts });

export type SpecialKind = Special[typeof special];

/** Which special value it is; undefined for JSON. */
export function specialKind(value: Value | undefined): SpecialKind | undefined {
  return typeof value === 'object' && value !== null && special in value ? value[special] : undefined;
}

export const isUnknown = (value: Value | undefined): value is Unknown => specialKind(value) === 'unknown';
export const isSecret = (value: Value | undefined): value is Secret => specialKind(value) === 'secret';
export const isOutput = (value: Value | undefined): value is Output => specialKind(value) === 'output';
export const isAsset = (value: Value | undefined): value is Asset => specialKind(value) === 'asset';
export const isReference = (value: Value | undefined): value is Reference => specialKind(value) === 'reference';

export const isList = (value: Value | undefined): value is readonly Value[] => Array.isArray(value);

/** A map of JSON, and no special value. */
export const isMap = (value: Value | undefined): value is ValueMap =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !(special in value);

/** The value without the wrappings of secrets and outputs, all the way down; unknowns, assets and references stay. */
export function reveal(value: Value): Value {
  if (isSecret(value)) return reveal(value.value);
  if (isOutput(value)) return value.value === undefined ? unknown : reveal(value.value);
  if (isList(value)) return value.map(reveal);
  if (isMap(value)) return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, reveal(each)]));
  return value;
}

export function revealMap(map: ValueMap): ValueMap {
  return Object.fromEntries(Object.entries(map).map(([key, each]) => [key, reveal(each)]));
}

/** Whether something in it satisfies the test, at any depth. */
function someWithin(value: Value | undefined, test: (value: Value) => boolean): boolean {
  if (value === undefined) return false;
  if (test(value)) return true;
  if (isSecret(value) || isOutput(value)) return someWithin(value.value, test);
  if (isList(value)) return value.some((each) => someWithin(each, test));
  return isMap(value) && Object.values(value).some((each) => someWithin(each, test));
}

export const hasUnknown = (value: Value | undefined): boolean =>
  someWithin(value, (each) => isUnknown(each) || (isOutput(each) && each.value === undefined));

/** The texts within secrets, for whoever must not say them. */
export function secretTexts(value: Value | undefined, within = false): string[] {
  if (value === undefined) return [];
  if (typeof value === 'string') return within ? [value] : [];
  if (isSecret(value) || isOutput(value)) return secretTexts(value.value, within || isSecret(value) || value.secret);
  if (isList(value)) return value.flatMap((each) => secretTexts(each, within));
  return isMap(value) ? Object.values(value).flatMap((each) => secretTexts(each, within)) : [];
}

export const hasSecret = (value: Value | undefined): boolean =>
  someWithin(value, (each) => isSecret(each) || (isOutput(each) && each.secret));
