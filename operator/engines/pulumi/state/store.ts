/** Opens the state of a stack for a run: the lock, the backend, the passphrase. */
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { apiFailure, deleteObject, type Transport } from '#kube';
import { failure, type Clock, type Log } from '#runtime';
import type { Backend, StackName, StateOptions, StateSession, StateStore } from '../values.ts';
import { parseCheckpoint } from './checkpoint.ts';
import { ClusterSession, resourcesIn, StateCopies, type CopyOptions } from './cluster-session.ts';
import { isCheckpoint, StateFolder, type StateFile } from './folder.ts';
import { StateLocks, type StateLock } from './lock.ts';
import { idOf, manifestName, passphraseName, secretKey, secrets } from './names.ts';
import { PassphraseTrials, readPassphrase } from './passphrase.ts';
import { StoredState } from './stored-state.ts';

export interface StateStoreOptions {
  readonly transport: Transport;
  readonly clock: Clock;
  readonly log: Log;
  /** Who holds the locks, as others are told. */
  readonly identity: string;
  /** Holds a folder for each stack. */
  readonly folder: string;
}

/** The engine's own environment for a backend on disk that only it and the operator use. */
const fileBackend = {
  // A further copy of the whole state after each run, and a look for a layout of old; both cost and help nobody here.
  PULUMI_DIY_BACKEND_DISABLE_CHECKPOINT_BACKUPS: 'true',
  PULUMI_DIY_BACKEND_NO_LEGACY_WARNING: 'true',
};

export function createStateStore(options: StateStoreOptions): StateStore {
  return new Store(options);
}

class Store implements StateStore {
  readonly #options: StateStoreOptions;
  readonly #locks: StateLocks;
  readonly #trials = new PassphraseTrials();

  constructor(options: StateStoreOptions) {
    this.#options = options;
    this.#locks = new StateLocks(options);
  }

  async open(stack: StackName, options: StateOptions): Promise<StateSession> {
    const { backend = 'cluster', signal } = options;
    if (backend !== 'cluster') throw unknownBackend(stack, backend);
    return this.#locked(stack, signal, (lock) => this.#openCluster(stack, lock, options));
  }

  async remove(stack: StackName, { signal }: { readonly signal: AbortSignal }): Promise<void> {
    const lock = await this.#locked(stack, signal, async (held) => {
      const stored = new StoredState(this.#options.transport, stack);
      const folder = this.#folderOf(stack);
      const manifest = await stored.manifest({ signal });
      const files = manifest === undefined ? [] : await stored.files(manifest, { signal });
      assertNothingLeft(stack, files);
      await stored.remove({ signal });
      const { transport } = this.#options;
      const { namespace } = stack;
      await deleteObject({ transport, resource: secrets, namespace, name: passphraseName(stack), signal });
      await folder.remove();
      return held;
    });
    await lock[Symbol.asyncDispose]();
  }

  /** Gives the lock back when the work fails, and speaks Plumbline's words then. */
  async #locked<T>(stack: StackName, signal: AbortSignal, work: (lock: StateLock) => Promise<T>): Promise<T> {
    let lock: StateLock | undefined;
    try {
      lock = await this.#locks.take(stack, { signal });
      return await work(lock);
    } catch (error) {
      await lock?.[Symbol.asyncDispose]();
      signal.throwIfAborted();
      throw apiFailure(error, { verb: 'get', key: secretKey(stack.namespace, manifestName(stack)) });
    }
  }

  async #openCluster(stack: StackName, lock: StateLock, options: StateOptions): Promise<StateSession> {
    const { transport, clock, log, identity } = this.#options;
    const { signal, uid } = options;
    const folder = this.#folderOf(stack);
    const stored = new StoredState(transport, stack);
    const copyOptions: CopyOptions = { stack, folder, stored, lock, clock, log, identity, uid, newLineage: randomUUID };
    const copies = await StateCopies.bring(copyOptions, signal);
    const sealed = saltsIn(await folder.files());
    const backend: Backend = {
      url: folder.url,
      secretsProvider: options.secretsProvider ?? 'passphrase',
      environment: { ...options.environment, ...fileBackend, ...(await this.#passphrase(stack, sealed, options)) },
    };
    return new ClusterSession(backend, copies, copyOptions);
  }

  async #passphrase(
    stack: StackName,
    salts: readonly string[],
    { secretsProvider = 'passphrase', passphrase: named, signal }: StateOptions,
  ): Promise<Record<string, string>> {
    if (secretsProvider !== 'passphrase') return {};
    const passphrase = await readPassphrase({ transport: this.#options.transport, stack, named, salts, signal });
    const secret = secretKey(stack.namespace, named?.name ?? passphraseName(stack));
    await this.#trials.assertOpens(passphrase, salts, secret);
    return { PULUMI_CONFIG_PASSPHRASE: passphrase };
  }

  #folderOf({ namespace, name }: StackName): StateFolder {
    return new StateFolder(join(this.#options.folder, namespace, name));
  }
}

function saltsIn(files: readonly StateFile[]): string[] {
  return files.filter(isCheckpoint).flatMap(({ path, bytes }) => {
    const salt = parseCheckpoint(bytes.toString('utf8'), path).checkpoint.latest?.secrets_providers?.state?.salt;
    return salt === undefined ? [] : [salt];
  });
}

/** A state with resources is what knows of them; nobody asks for it to be thrown away. */
function assertNothingLeft(stack: StackName, files: readonly StateFile[]): void {
  const left = resourcesIn(files).filter(
    ({ type }) => type !== 'pulumi:pulumi:Stack' && !type.startsWith('pulumi:providers:'),
  );
  if (left.length === 0) return;
  throw failure('Internal', {
    where: idOf(stack),
    what: `the state still holds ${left.length} resources, and was kept`,
    found: left[0]?.urn ?? '',
    remedy: 'destroy the stack first',
  });
}

const unknownBackend = (stack: StackName, url: string): Error =>
  failure('BackendInvalid', { where: idOf(stack), what: 'the backend', expected: 'cluster or a URL', found: url });
