/** The passphrase that seals the secrets of a state: read from a Secret, made on first use, tried before a run. */
import { hash, randomBytes } from 'node:crypto';
import { ApiError, createObject, getObject, type Transport } from '#kube';
import { failure } from '#runtime';
import { openCrypter } from '../run/passphrase.ts';
import type { StackName } from '../values.ts';
import { passphraseName, passphraseType, secretKey, secrets, stateLabel, type Secret } from './names.ts';

const ownKey = 'passphrase';

export interface PassphraseQuestion {
  readonly transport: Transport;
  readonly stack: StackName;
  /** The Secret that the stack names. */
  readonly named: { readonly name: string; readonly key: string } | undefined;
  /** What the state says of how it is sealed; none while there is no state. */
  readonly saltsOf: () => Promise<readonly string[]>;
  readonly signal: AbortSignal;
}

/** @throws ApiError, Failure SecretNotFound */
export async function readPassphrase(question: PassphraseQuestion): Promise<string> {
  const { transport, stack, named, saltsOf, signal } = question;
  const { namespace } = stack;
  const { name, key } = named ?? { name: passphraseName(stack), key: ownKey };
  const call = { transport, resource: secrets, namespace, signal };
  const secret = await getObject<Secret>({ ...call, name });
  const value = secret?.data?.[key];
  if (value !== undefined) return Buffer.from(value, 'base64').toString('utf8');
  const where = secretKey(namespace, name);
  if (secret !== undefined) {
    const expected = `the passphrase under key ${key}`;
    throw failure('SecretNotFound', { where, what: 'the Secret has no such key', expected, remedy: 'add the key' });
  }
  if (named !== undefined)
    throw failure('SecretNotFound', {
      where,
      what: 'the Secret with the passphrase does not exist',
      remedy: 'create it',
    });
  if ((await saltsOf()).length > 0) {
    const what = 'the Secret with the passphrase of the state is gone';
    throw failure('SecretNotFound', { where, what, remedy: 'restore it: without it the state cannot be opened' });
  }
  return generate(call, stack);
}

type Call = Pick<Parameters<typeof createObject>[0], 'transport' | 'resource' | 'signal'>;

async function generate(call: Call, stack: StackName): Promise<string> {
  const { namespace, name: owner } = stack;
  const name = passphraseName(stack);
  const passphrase = randomBytes(32).toString('base64url');
  const data = { [ownKey]: Buffer.from(passphrase).toString('base64') };
  const metadata = { name, namespace, labels: { [stateLabel]: owner } };
  const object = { apiVersion: 'v1', kind: 'Secret', metadata, type: passphraseType, data };
  try {
    await createObject({ ...call, object, repeatable: true, metadataOnly: true });
    return passphrase;
  } catch (error) {
    // A quota has other conflicts, and then there is none.
    if (!(error instanceof ApiError && error.api?.reason === 'AlreadyExists')) throw error;
    // Sent twice, or made by hand in this moment: what is there counts.
    const found = await getObject<Secret>({ ...call, namespace, name });
    return Buffer.from(found?.data?.[ownKey] ?? '', 'base64').toString('utf8');
  }
}

/** Remembers what was tried, in memory alone: one try costs a good part of a second of a core. */
export class PassphraseTrials {
  readonly #good = new Map<string, string>();

  /** @throws Failure PassphraseWrong */
  async assertOpens(passphrase: string, secret: string, salts: readonly string[]): Promise<void> {
    // The engine writes its probe anew with every run; the key is made of the salt alone.
    const trial = hash('sha256', [passphrase, ...salts.map((state) => state.split(':')[1])].join('\n'));
    if (salts.length === 0 || this.#good.get(secret) === trial) return;
    for (const salt of salts) if ((await openCrypter(passphrase, salt)) === undefined) throw wrong(secret);
    this.#good.set(secret, trial);
  }
}

const wrong = (secret: string): Error =>
  failure('PassphraseWrong', {
    where: secret,
    what: 'the passphrase does not open the secrets of the state',
    remedy: 'put the passphrase there that the state was written with',
  });
