/** Secrets in what the engine writes, plans and states: sdk/go/common/resource/sig.go. Pure. */

/** What the engine marks its own values with, and its mark of a secret. */
const mark = '4dabf18193072939515e22adb298388d';
const secretMark = '1b47061264138c4ac30d75fd1eb44270';

export interface StoredSecret {
  /** As the key of the stack seals it. */
  readonly ciphertext?: string;
  /** JSON. */
  readonly plaintext?: string;
}

/** The secret that an object of a plan or state is; undefined when it is none. */
export const secretIn = (object: object): StoredSecret | undefined =>
  (object as Readonly<Record<string, unknown>>)[mark] === secretMark ? object : undefined;

export const storedSecret = (secret: StoredSecret): object => ({ [mark]: secretMark, ...secret });

/** A value of a plan or state with something else in place of each secret. */
export function replaceSecrets(value: unknown, replace: (secret: StoredSecret) => unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map((item) => replaceSecrets(item, replace));
  const secret = secretIn(value);
  if (secret !== undefined) return replace(secret);
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, replaceSecrets(inner, replace)]));
}
