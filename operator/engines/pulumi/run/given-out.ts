/** What a program gave out, secrets opened: from its state where that is a file, for the command takes as long for it as a small update. */
import type { RunReport } from '../values.ts';
import { replaceSecrets, type StoredSecret } from '../sealed.ts';
import { decrypt } from './passphrase.ts';
import { parseState, readIfThere } from './standing.ts';

type Outputs = RunReport['outputs'];
type Shown = Readonly<Record<string, unknown>>;

export interface Sealing {
  readonly stateFile: string;
  readonly key: Uint8Array;
}

/** In place of secrets in what the engine shows, at any depth. */
const hidden = '[secret]';
const holdsSecret = (value: unknown): boolean => JSON.stringify(value)?.includes(hidden) === true;

interface Given {
  /** What the engine showed of the outputs. */
  readonly shown: Shown;
  /** Undefined where the state is not a file, or its key in a key service. */
  readonly sealing: Sealing | undefined;
  /** Asks the command, which shows all of it. */
  readonly ask: () => Promise<Readonly<Record<string, { readonly value: unknown }>>>;
}

/** An output is secret as a whole when anything in it is. */
export async function givenOut({ shown, sealing, ask }: Given): Promise<Outputs> {
  if (!holdsSecret(shown)) return outputsOf(shown, () => false);
  const opened = sealing && openedIn((await readIfThere(sealing.stateFile)) ?? '', sealing.key);
  if (opened !== undefined) return opened;
  const values = Object.entries(await ask()).map(([name, { value }]) => [name, value] as const);
  return outputsOf(Object.fromEntries(values), (name) => holdsSecret(shown[name]));
}

const outputsOf = (values: Shown, isSecret: (name: string) => boolean): Outputs =>
  Object.fromEntries(Object.entries(values).map(([name, value]) => [name, { value, secret: isSecret(name) }]));

/** The outputs in a state; undefined when it has none, or a secret was sealed with another key. */
export function openedIn(text: string, key: Uint8Array): Outputs | undefined {
  const { resources = [] } = parseState(text)?.checkpoint?.latest ?? {};
  const outputs = resources.find(({ type }) => type === 'pulumi:pulumi:Stack')?.outputs;
  if (outputs === undefined) return undefined;
  const secret = new Set<string>();
  let isOpen = true;
  const values = Object.entries(outputs).map(([name, value]) => {
    const open = ({ ciphertext = '', plaintext = decrypt(ciphertext, key) }: StoredSecret): unknown => {
      secret.add(name);
      isOpen &&= plaintext !== undefined;
      return plaintext === undefined ? undefined : replaceSecrets(JSON.parse(plaintext), open);
    };
    return [name, replaceSecrets(value, open)] as const;
  });
  return isOpen ? outputsOf(Object.fromEntries(values), (name) => secret.has(name)) : undefined;
}
