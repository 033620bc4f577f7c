/** What people do with a state of the cluster by hand, beside the runs: take it out, put one in, free a lock. */
import { randomUUID } from 'node:crypto';
import { apiFailure, type Transport } from '#kube';
import { Failure, failure, type Clock, type Log } from '#runtime';
import { crypterFor, openCrypter, type Crypter } from '../run/passphrase.ts';
import type { StackName } from '../values.ts';
import { parseCheckpoint, saltOf, type Deployment, type Export } from './checkpoint.ts';
import { isCheckpoint, type StateFile } from './folder.ts';
import { StateLocks, type StateLock } from './lock.ts';
import { manifestFormat, type Manifest } from './manifest.ts';
import { idOf, manifestName, passphraseName, secretKey } from './names.ts';
import { readPassphrase } from './passphrase.ts';
import { layOut, StoredState } from './stored-state.ts';
import { checkpointOf, exportOf, mapSecrets, ownerOf, secretsIn } from './transfer.ts';

export interface DeskOptions {
  readonly transport: Transport;
  readonly clock: Clock;
  readonly log: Log;
  /** Who holds the lock meanwhile, as others are told. */
  readonly identity: string;
  readonly stack: StackName;
  /** As the Stack says it. */
  readonly passphrase: { readonly name: string; readonly key: string } | undefined;
  readonly secretsProvider: string;
  readonly signal: AbortSignal;
}

/** Every action holds the lock. @throws Failure StateLocked while a run has it */
export class StateDesk {
  readonly #options: DeskOptions;

  constructor(options: DeskOptions) {
    this.#options = options;
  }

  /** @throws Failure StateCorrupt, PassphraseWrong, CommandInvalid when there is no state */
  export({ showSecrets }: { readonly showSecrets: boolean }): Promise<Export> {
    return this.#locked(async () => {
      const found = exportOf(parseCheckpoint(...(await this.#only())));
      if (!showSecrets || !secretsIn(found.deployment).sealed) return found;
      const crypter = await this.#crypterOf(found.deployment);
      return {
        ...found,
        deployment: mapSecrets(found.deployment, (secret) => ({ plaintext: shown(crypter, secret) })),
      };
    });
  }

  /**
   * Puts a state in the place of the one that is there; open secrets are sealed first.
   * `pulumiStack`: `organization/project/stack`, what the Stack says of it, for a state that holds no resource.
   * @throws Failure CommandInvalid, StateCorrupt, PassphraseWrong, SecretNotFound
   */
  import(given: Export, wanted: { readonly project: string | undefined; readonly stack: string }): Promise<number> {
    return this.#locked(async () => {
      const { stack, transport, identity, clock, signal } = this.#options;
      const stored = new StoredState(transport, stack);
      const before = await this.#readable(stored);
      const project = this.#projectOf(given.deployment, wanted) ?? before?.files[0]?.path.split('/')[0];
      if (project === undefined)
        throw invalid('the state holds no resource that names its project', 'set spec.pulumi.project');
      const deployment = await this.#sealed(given.deployment);
      const file = checkpointOf({ ...given, deployment }, `organization/${project}/${wanted.stack}`);
      const { files, pieces } = layOut(stack, [file]);
      const serial = (before?.serial ?? 0) + 1;
      const time = new Date(clock.now()).toISOString();
      const lineage = before?.lineage ?? randomUUID();
      await stored.write({ format: manifestFormat, serial, lineage, writer: identity, time, files }, pieces, {
        signal,
      });
      await stored.tidy(pieces, { signal });
      return deployment.resources?.length ?? 0;
    });
  }

  /** Who held the lock and died; undefined when nobody did. */
  unlock(): Promise<string | undefined> {
    return this.#locked(({ dead }) => Promise.resolve(dead));
  }

  async #locked<T>(work: (lock: StateLock) => Promise<T>): Promise<T> {
    const { stack, signal } = this.#options;
    try {
      await using lock = await new StateLocks(this.#options).take(stack, { signal });
      return await work(lock);
    } catch (error) {
      throw apiFailure(error, { verb: 'get', key: secretKey(stack.namespace, manifestName(stack)) });
    }
  }

  /** A state that cannot be read is what an import is to put right. */
  async #readable(stored: StoredState): Promise<Manifest | undefined> {
    try {
      return await stored.manifest({ signal: this.#options.signal });
    } catch (error) {
      if (error instanceof Failure && error.reason === 'StateCorrupt') return undefined;
      throw error;
    }
  }

  /** Text and name of the one checkpoint. */
  async #only(): Promise<[string, string]> {
    const { stack, transport, signal } = this.#options;
    const stored = new StoredState(transport, stack);
    const manifest = await stored.manifest({ signal });
    const files: StateFile[] = manifest === undefined ? [] : await stored.files(manifest, { signal });
    const [first, second] = files.filter(isCheckpoint);
    if (first === undefined) throw invalid(`stack ${idOf(stack)} has no state in the cluster yet`, 'let it run once');
    if (second !== undefined) {
      const found = `${first.path} and ${second.path}`;
      throw failure('StateCorrupt', { where: idOf(stack), what: 'the state is of several Pulumi stacks', found });
    }
    return [first.bytes.toString('utf8'), first.path];
  }

  #projectOf(deployment: Deployment, wanted: { project: string | undefined; stack: string }): string | undefined {
    const owner = ownerOf(deployment, 'the export');
    if (owner === undefined) return wanted.project;
    if (owner.stack !== wanted.stack)
      throw invalid(
        `the export is of stack ${owner.stack}, and the Stack runs ${wanted.stack}`,
        `set spec.pulumi.stack: ${owner.stack}, or rename it with \`pulumi stack rename\` first`,
      );
    if (wanted.project !== undefined && owner.project !== wanted.project)
      throw invalid(
        `the export is of project ${owner.project}, and the Stack runs ${wanted.project}`,
        'correct spec.pulumi.project',
      );
    return owner.project;
  }

  /** As the engine of this stack can open it, with nothing open in it. */
  async #sealed(deployment: Deployment): Promise<Deployment> {
    const { secretsProvider, stack } = this.#options;
    const { open, sealed } = secretsIn(deployment);
    const type = deployment.secrets_providers?.type;
    if (sealed && type !== 'passphrase' && (type === 'service' || secretsProvider === 'passphrase'))
      throw invalid(
        `the secrets of the export are sealed by ${type ?? 'nobody knows whom'}, which cannot be asked here`,
        'export it with `pulumi stack export --show-secrets`; they are sealed on their way in',
      );
    if (open && secretsProvider !== 'passphrase')
      throw invalid(
        'the secrets of the export are open, and only the key service of the stack could seal them',
        'export it with secrets sealed by that service',
      );
    if (!open) {
      if (sealed && type === 'passphrase') await this.#crypterOf(deployment);
      return deployment;
    }
    const crypter = sealed
      ? await this.#crypterOf(deployment)
      : await crypterFor(await this.#passphrase(deployment), idOf(stack));
    const closed = mapSecrets(deployment, (secret) =>
      secret.plaintext === undefined ? secret : { ciphertext: crypter.encrypt(secret.plaintext) },
    );
    return { ...closed, secrets_providers: { type: 'passphrase', state: { salt: crypter.salt } } };
  }

  async #crypterOf(deployment: Deployment): Promise<Crypter> {
    const { stack, passphrase: named } = this.#options;
    const [salt] = saltOf(deployment);
    if (salt === undefined)
      throw invalid('the secrets of the state are sealed by a key service', 'ask it with `pulumi stack export`');
    const crypter = await openCrypter(await this.#passphrase(deployment), salt);
    if (crypter !== undefined) return crypter;
    throw failure('PassphraseWrong', {
      where: secretKey(stack.namespace, named?.name ?? passphraseName(stack)),
      what: 'the passphrase does not open the secrets of the state',
      remedy: 'put the passphrase there that the state was written with',
    });
  }

  #passphrase(deployment: Deployment): Promise<string> {
    const { transport, stack, passphrase: named, signal } = this.#options;
    const saltsOf = (): Promise<string[]> => Promise.resolve(secretsIn(deployment).sealed ? saltOf(deployment) : []);
    return readPassphrase({ transport, stack, named, saltsOf, signal });
  }
}

function shown(crypter: Crypter, { ciphertext = '' }: { readonly ciphertext?: string }): string {
  const text = crypter.decrypt(ciphertext);
  if (text !== undefined) return text;
  throw failure('StateCorrupt', {
    what: 'a secret of the state was sealed with another key',
    remedy: 'restore the state',
  });
}

const invalid = (what: string, remedy: string): Failure => failure('CommandInvalid', { what, remedy });
