/** Writes the config of one run: the stack's file of the repository, and over it what the Stack says. */
import { failure } from '#runtime';
import type { Backend, ConfigValue } from '../values.ts';
import { parsePropertyPath } from './engine-events.ts';
import { crypterFor, openCrypter, type Crypter } from './passphrase.ts';

export const passphraseVariable = 'PULUMI_CONFIG_PASSPHRASE';

export interface StackFile {
  readonly encryptionsalt?: unknown;
  readonly secretsprovider?: unknown;
  readonly config?: unknown;
}

interface Wanted {
  readonly project: string;
  /** `namespace/name`, from which the salt is made. */
  readonly stack: string;
  readonly backend: Backend;
  readonly config: readonly ConfigValue[];
}

interface Written {
  /** The file as an object; JSON is YAML. */
  readonly file: Readonly<Record<string, unknown>>;
  /** Secrets that only the command itself can encrypt, since the key is in a key service. */
  readonly left: readonly ConfigValue[];
  /** Undefined where the key is in a key service. */
  readonly crypter: Crypter | undefined;
}

/** @throws Failure PassphraseWrong, ConfigInvalid */
export async function stackConfig(inGit: StackFile, wanted: Wanted): Promise<Written> {
  const { backend, project } = wanted;
  const crypter = await crypterOf(inGit, wanted);
  const config: Record<string, unknown> = { ...(inGit.config as Record<string, unknown> | undefined) };
  const left: ConfigValue[] = [];
  for (const value of wanted.config) {
    if (value.secret && crypter === undefined) left.push(value);
    else put(config, project, value, crypter);
  }
  const secretsprovider = crypter === undefined ? (inGit.secretsprovider ?? backend.secretsProvider) : undefined;
  const { encryptionsalt: _, secretsprovider: __, ...rest } = inGit;
  return {
    file: {
      ...rest,
      ...(secretsprovider === undefined ? {} : { secretsprovider }),
      ...(crypter === undefined ? {} : { encryptionsalt: crypter.salt }),
      config,
    },
    left,
    crypter,
  };
}

async function crypterOf(inGit: StackFile, { backend, stack }: Wanted): Promise<Crypter | undefined> {
  const passphrase = backend.environment[passphraseVariable];
  const isPassphrase = backend.secretsProvider === 'passphrase' || backend.secretsProvider === 'default';
  if (!isPassphrase || passphrase === undefined) return undefined;
  if (typeof inGit.encryptionsalt !== 'string') return crypterFor(passphrase, stack);
  const crypter = await openCrypter(passphrase, inGit.encryptionsalt);
  if (crypter !== undefined) return crypter;
  throw failure('PassphraseWrong', {
    what: 'the secrets in the stack file of the repository were encrypted with another passphrase',
    remedy: 'put that passphrase into a Secret and name it in spec.pulumi.passphraseSecretRef',
  });
}

function put(config: Record<string, unknown>, project: string, value: ConfigValue, crypter: Crypter | undefined): void {
  const written = value.secret && crypter !== undefined ? { secure: crypter.encrypt(value.value) } : plain(value);
  const full = value.key.includes(':') ? value.key : `${project}:${value.key}`;
  if (value.path !== true) {
    config[full] = written;
    return;
  }
  const colon = full.indexOf(':');
  const [first = '', ...keys] = parsePropertyPath(full.slice(colon + 1));
  const name = `${full.slice(0, colon)}:${first}`;
  config[name] = within(config[name], keys, { value: written, key: value.key });
}

/** As `pulumi config set --path` has it: numbers and truth values are what they look like; elsewhere all is text. */
function plain({ path, value }: ConfigValue): unknown {
  if (path !== true) return value;
  if (value === 'true' || value === 'false') return value === 'true';
  return /^(0|-?[1-9]\d{0,14})$/.test(value) ? Number(value) : value;
}

interface Leaf {
  readonly value: unknown;
  readonly key: string;
}

/** The container with the value at the path; it is made where it is missing. */
function within(container: unknown, keys: readonly (string | number)[], leaf: Leaf): unknown {
  const [key, ...rest] = keys;
  if (key === undefined) return leaf.value;
  if (typeof key === 'number') {
    const items: unknown[] = container === undefined ? [] : asList(container, leaf);
    if (key > items.length) {
      const remedy = 'give the items before it, too';
      throw failure('ConfigInvalid', { where: leaf.key, what: `item ${key} of ${items.length}`, remedy });
    }
    return items.toSpliced(key, 1, within(items[key], rest, leaf));
  }
  const map = container === undefined ? {} : asMap(container, leaf);
  return { ...map, [key]: within(map[key], rest, leaf) };
}

function asList(value: unknown, { key }: Leaf): unknown[] {
  if (Array.isArray(value)) return value;
  throw failure('ConfigInvalid', { where: key, what: 'it goes into what is no list', remedy: 'correct the path' });
}

function asMap(value: unknown, { key }: Leaf): Readonly<Record<string, unknown>> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  throw failure('ConfigInvalid', { where: key, what: 'it goes into what is no map', remedy: 'correct the path' });
}
