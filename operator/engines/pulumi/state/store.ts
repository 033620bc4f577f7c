/** Opens the state of a stack for a run: the lock, the backend, the passphrase. */
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { apiFailure, deleteObject, type Transport } from '#kube';
import { leaseResource } from '#loop';
import { failure, type Clock, type Log } from '#runtime';
import { orDiskFull } from '../run/causes.ts';
import type { Backend, StackName, StateOptions, StateResource, StateSession, StateStore } from '../values.ts';
import { assertBackend, assertSecretsProvider, fullName } from './backend-url.ts';
import { deploymentsIn, resourcesOf, saltOf } from './checkpoint.ts';
import { ClusterSession, StateCopies, type CopyOptions } from './cluster-session.ts';
import { areWhole, StateFolder, type StateFile } from './folder.ts';
import { StateLocks, type StateLock } from './lock.ts';
import { idOf, leaseName, manifestName, passphraseName, secretKey, secrets } from './names.ts';
import { PassphraseTrials, readPassphrase } from './passphrase.ts';
import { exportRemote, removeDeadLocks, RemoteSession, removeRemote, type RemoteState } from './remote-session.ts';
import { StoredState } from './stored-state.ts';

export interface StateStoreOptions {
  readonly transport: Transport;
  readonly clock: Clock;
  readonly log: Log;
  /** Who holds the locks, as others are told. */
  readonly identity: string;
  /** Holds a folder for each stack. */
  readonly folder: string;
  /** The engine, and the environment in which it finds its like; it is asked about backends by URL. */
  readonly pulumi?: { readonly program: string; readonly environment: Readonly<Record<string, string>> };
}

/** A further copy of the whole state after each run costs, and nobody reads it. */
const fileBackend = { PULUMI_DIY_BACKEND_DISABLE_CHECKPOINT_BACKUPS: '1' };

export function createStateStore(options: StateStoreOptions): StateStore {
  return new Store(options);
}

class Store implements StateStore {
  readonly #options: StateStoreOptions;
  readonly #locks: StateLocks;
  readonly #trials = new PassphraseTrials();
  /** Of states that are kept elsewhere. */
  readonly #salts = new Map<string, readonly string[]>();

  constructor(options: StateStoreOptions) {
    this.#options = options;
    this.#locks = new StateLocks(options);
  }

  async open(stack: StackName, options: StateOptions): Promise<StateSession> {
    const { backend = 'cluster', secretsProvider } = options;
    assertSecretsProvider(idOf(stack), secretsProvider);
    if (backend === 'cluster')
      return this.#locked(stack, options.signal, (lock) => this.#openCluster(stack, lock, options));
    const remote = this.#remoteOf(stack, backend, options);
    return this.#locked(stack, options.signal, (lock) => this.#openRemote(stack, remote, { lock, options }));
  }

  async read(stack: StackName, options: StateOptions): Promise<readonly StateResource[]> {
    const { backend = 'cluster', signal } = options;
    try {
      if (backend !== 'cluster')
        return resourcesOf((await exportRemote(this.#remoteOf(stack, backend, options), signal)) ?? {});
      return deploymentsIn(await this.#stored(new StoredState(this.#options.transport, stack), signal)).flatMap(
        resourcesOf,
      );
    } catch (error) {
      signal.throwIfAborted();
      throw apiFailure(error, { verb: 'get', key: secretKey(stack.namespace, manifestName(stack)) });
    }
  }

  async onDisk(stack: StackName): Promise<readonly StateResource[]> {
    const files = await this.#folderOf(stack).files();
    return areWhole(files) ? deploymentsIn(files).flatMap(resourcesOf) : [];
  }

  async remove(stack: StackName, options: StateOptions): Promise<void> {
    const { backend = 'cluster', signal } = options;
    const { transport } = this.#options;
    const { namespace } = stack;
    const remote = backend === 'cluster' ? undefined : this.#remoteOf(stack, backend, options);
    const lock = await this.#locked(stack, signal, async (held) => {
      if (remote === undefined) await this.#removeCluster(stack, signal);
      else await removeRemote(remote, signal);
      await deleteObject({ transport, resource: secrets, namespace, name: passphraseName(stack), signal });
      return held;
    });
    await lock[Symbol.asyncDispose]();
    await deleteObject({ transport, resource: leaseResource, namespace, name: leaseName(stack), signal });
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
      throw apiFailure(orDiskFull(error, idOf(stack)), {
        verb: 'get',
        key: secretKey(stack.namespace, manifestName(stack)),
      });
    }
  }

  async #openCluster(stack: StackName, lock: StateLock, options: StateOptions): Promise<StateSession> {
    const { transport, clock, log, identity } = this.#options;
    const { signal, uid } = options;
    const folder = this.#folderOf(stack);
    const stored = new StoredState(transport, stack);
    const copyOptions: CopyOptions = { stack, folder, stored, lock, clock, log, identity, uid, newLineage: randomUUID };
    const copies = await StateCopies.bring(copyOptions, signal);
    const salts = deploymentsIn(await folder.files()).flatMap(saltOf);
    const passphrase = await this.#passphrase(stack, options, () => Promise.resolve(salts));
    return new ClusterSession(backendOf(folder.url, options, passphrase), copies, copyOptions);
  }

  async #openRemote(
    stack: StackName,
    remote: RemoteState,
    { lock, options }: { readonly lock: StateLock; readonly options: StateOptions },
  ): Promise<StateSession> {
    await removeDeadLocks(remote, lock.dead, options.signal);
    const passphrase = await this.#passphrase(stack, options, () => this.#remoteSalts(remote, options.signal));
    return new RemoteSession(backendOf(remote.url, options, passphrase), remote, lock);
  }

  /** To ask takes a second: once for each state is enough to tell a wrong passphrase. */
  async #remoteSalts(remote: RemoteState, signal: AbortSignal): Promise<readonly string[]> {
    const id = `${remote.url} ${remote.pulumiStack}`;
    const known = this.#salts.get(id);
    if (known !== undefined) return known;
    const salts = saltOf((await exportRemote(remote, signal)) ?? {});
    if (salts.length > 0) this.#salts.set(id, salts);
    return salts;
  }

  async #passphrase(
    stack: StackName,
    { secretsProvider = 'passphrase', passphrase: named, signal }: StateOptions,
    saltsOf: () => Promise<readonly string[]>,
  ): Promise<Record<string, string>> {
    if (secretsProvider !== 'passphrase') return {};
    const { transport } = this.#options;
    const passphrase = await readPassphrase({ transport, stack, named, saltsOf, signal });
    const secret = secretKey(stack.namespace, named?.name ?? passphraseName(stack));
    await this.#trials.assertOpens(passphrase, secret, await saltsOf());
    return { PULUMI_CONFIG_PASSPHRASE: passphrase };
  }

  #remoteOf(stack: StackName, url: string, options: StateOptions): RemoteState {
    assertBackend(idOf(stack), url);
    const { clock, pulumi } = this.#options;
    if (pulumi === undefined)
      throw failure('Internal', { where: idOf(stack), what: 'nobody said which pulumi to ask' });
    const { program, environment: ours } = pulumi;
    const secrets = (options.secretEnvironment ?? []).flatMap((name) => options.environment?.[name] ?? []);
    const pulumiStack = fullName(idOf(stack), options.pulumiStack ?? stack.name, options.project);
    return { clock, pulumi: program, url, pulumiStack, environment: { ...options.environment, ...ours }, secrets };
  }

  async #removeCluster(stack: StackName, signal: AbortSignal): Promise<void> {
    const stored = new StoredState(this.#options.transport, stack);
    assertNothingLeft(stack, await this.#stored(stored, signal));
    await stored.remove({ signal });
    await this.#folderOf(stack).remove();
  }

  async #stored(stored: StoredState, signal: AbortSignal): Promise<StateFile[]> {
    const manifest = await stored.manifest({ signal });
    return manifest === undefined ? [] : stored.files(manifest, { signal });
  }

  #folderOf({ namespace, name }: StackName): StateFolder {
    return new StateFolder(join(this.#options.folder, namespace, name));
  }
}

const backendOf = (url: string, { secretsProvider }: StateOptions, more: Record<string, string>): Backend => ({
  url,
  secretsProvider: secretsProvider ?? 'passphrase',
  environment: url.startsWith('file://') ? { ...fileBackend, ...more } : more,
});

/** A state with resources is what knows of them; nobody asks for it to be thrown away. */
function assertNothingLeft(stack: StackName, files: readonly StateFile[]): void {
  const left = deploymentsIn(files)
    .flatMap(resourcesOf)
    .filter(({ type }) => type !== 'pulumi:pulumi:Stack' && !type.startsWith('pulumi:providers:'));
  if (left.length === 0) return;
  throw failure('Internal', {
    where: idOf(stack),
    what: `the state still holds ${left.length} resources, and was kept`,
    found: left[0]?.urn ?? '',
    remedy: 'destroy the stack first',
  });
}
