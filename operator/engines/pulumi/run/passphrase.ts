/** Pulumi's `passphrase` secrets provider, as far as config is written by it: PBKDF2 and AES-256-GCM, format `v1`. */
import { createCipheriv, createDecipheriv, createHmac, hash, pbkdf2, randomBytes } from 'node:crypto';
import { promisify } from 'node:util';

const deriveKey = promisify(pbkdf2);
/** As Pulumi has it. */
const iterations = 1_000_000;
const keyBytes = 32;
const nonceBytes = 12;
const tagBytes = 16;
const cipher = 'aes-256-gcm';
/** What is encrypted beside the salt, so that a passphrase can be tried. */
const probe = 'pulumi';

export interface Crypter {
  /** Made of the passphrase, for the process of the run, to which that would take as long again. */
  readonly key: Uint8Array;
  /** The `encryptionsalt` of the stack's file: `v1:<salt>:v1:<nonce>:<text>`. */
  readonly salt: string;
  /** As `secure:` takes it. */
  encrypt(value: string): string;
  /** Undefined when it was encrypted with another key. */
  decrypt(value: string): string | undefined;
}

/** The crypter of a passphrase for one stack; the salt is always the same one, so that runs share it. */
export async function crypterFor(passphrase: string, stack: string): Promise<Crypter> {
  const salt = createHmac('sha256', passphrase).update(stack).digest().subarray(0, 8);
  const key = await keyOf(passphrase, salt);
  return crypterOf(key, `v1:${salt.toString('base64')}:${encrypt(probe, key)}`);
}

/** The crypter of an `encryptionsalt` that is there; undefined when it is of another passphrase. */
export async function openCrypter(passphrase: string, encryptionSalt: string): Promise<Crypter | undefined> {
  const [, salt = '', ...rest] = encryptionSalt.split(':');
  const key = await keyOf(passphrase, Buffer.from(salt, 'base64'));
  if (decrypt(rest.join(':'), key) !== probe) return undefined;
  return crypterOf(key, encryptionSalt);
}

/** The last ones of this process: to make one takes a seventh of a second of a core, and every run of a stack wants the same. */
const keys = new Map<string, Promise<Buffer>>();
const mostKeys = 500;

function keyOf(passphrase: string, salt: Buffer): Promise<Buffer> {
  const id = hash('sha256', JSON.stringify([passphrase, salt.toString('base64')]));
  const key = keys.get(id) ?? deriveKey(passphrase, salt, iterations, keyBytes, 'sha256');
  // Set anew: the one that nobody has asked for longest goes first.
  keys.delete(id);
  keys.set(id, key);
  const [oldest = ''] = keys.keys();
  if (keys.size > mostKeys) keys.delete(oldest);
  return key;
}

const crypterOf = (key: Buffer, salt: string): Crypter => ({
  key,
  salt,
  encrypt: (value) => encrypt(value, key),
  decrypt: (value) => decrypt(value, key),
});

function encrypt(value: string, key: Buffer): string {
  const nonce = randomBytes(nonceBytes);
  const encrypting = createCipheriv(cipher, key, nonce);
  const text = Buffer.concat([encrypting.update(value, 'utf8'), encrypting.final(), encrypting.getAuthTag()]);
  return `v1:${nonce.toString('base64')}:${text.toString('base64')}`;
}

/** Undefined when it was encrypted with another key. */
export function decrypt(value: string, key: Uint8Array): string | undefined {
  const [, nonce = '', text = ''] = value.split(':');
  const bytes = Buffer.from(text, 'base64');
  try {
    const decrypting = createDecipheriv(cipher, key, Buffer.from(nonce, 'base64'));
    decrypting.setAuthTag(bytes.subarray(-tagBytes));
    return Buffer.concat([decrypting.update(bytes.subarray(0, -tagBytes)), decrypting.final()]).toString('utf8');
  } catch {
    // Another key.
    return undefined;
  }
}
