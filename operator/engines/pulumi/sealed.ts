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
