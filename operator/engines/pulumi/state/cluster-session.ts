/** A state of the cluster while a run has it: a `file://` backend on disk, followed by its copy in Secrets. */
import { apiFailure } from '#kube';
import { Failure, isDiskFull, type Clock, type Log } from '#runtime';
import type { Backend, StackName, StateResource, StateSession } from '../values.ts';
import { deploymentsIn, resourcesOf } from './checkpoint.ts';
import { choose, type Mark } from './choice.ts';
import { areWhole, digestsOf, type StateFile, type StateFolder } from './folder.ts';
import type { StateLock } from './lock.ts';
import { manifestFormat, type Manifest } from './manifest.ts';
import { idOf, manifestName, secretKey } from './names.ts';
import { layOut, type Pieces, type StoredState } from './stored-state.ts';

export interface CopyOptions {
  readonly stack: StackName;
  readonly folder: StateFolder;
  readonly stored: StoredState;
  readonly lock: StateLock;
  readonly clock: Clock;
  readonly log: Log;
  readonly identity: string;
  readonly uid: string | undefined;
  readonly newLineage: () => string;
}

/** The copy in the cluster follows the disk at most so often. */
const followMs = 1000;

/** Keeps the two copies of a state together. */
export class StateCopies {
  readonly #options: CopyOptions;
  #mark: Mark;
  /** Of the last write that is known to have been done; one that failed is tried again with the same number. */
  #serial: number;
  /** Of the files when they were looked at last. */
  #version = '';
  #pieces: Pieces = new Map();
  #written = false;
  /** What was on disk when it was last found whole. */
  #whole: readonly StateFile[];

  private constructor(options: CopyOptions, mark: Mark, files: readonly StateFile[]) {
    this.#options = options;
    this.#mark = mark;
    this.#whole = files;
    const { manifestNow: now } = options.stored;
    this.#serial = now === undefined || mark.serial > now.serial + 1 ? mark.serial : now.serial;
  }

  /** Brings the copy that is to go on to the disk. @throws ApiError, Failure StateCorrupt */
  static async bring(options: CopyOptions, signal: AbortSignal): Promise<StateCopies> {
    const { folder, stored, uid, log, stack } = options;
    const manifest = await stored.manifest({ signal });
    const mark = await folder.mark();
    const there = await folder.files();
    const changed = mark !== undefined && !isSame(digestsOf(there), mark.files);
    const damaged = changed && !areWhole(there);
    const choice = choose(mark && { mark, changed, damaged }, manifest, uid);
    if (choice.from === 'disk' && mark !== undefined) {
      await folder.removeLocks();
      const copies = new StateCopies(options, { ...mark, uid }, there);
      if (choice.write) await copies.write(signal);
      else copies.#version = await folder.version();
      return copies;
    }
    if (choice.from === 'cluster' && choice.setAside) {
      const aside = await folder.setAside();
      const why = damaged ? 'is cut off, so that of the cluster goes on' : 'lost against that of the cluster';
      log.warn(`the state on disk ${why}; it was set aside`, { stack: idOf(stack), aside });
    }
    const files = manifest === undefined ? [] : await stored.files(manifest, { signal });
    const begun = manifest === undefined ? newMark(options) : markOf(manifest, uid);
    await folder.replace(files, begun);
    const copies = new StateCopies(options, begun, files);
    copies.#version = await folder.version();
    return copies;
  }

  /** The newest files that are whole. */
  async files(): Promise<readonly StateFile[]> {
    const there = await this.#options.folder.files();
    if (areWhole(there)) this.#whole = there;
    return this.#whole;
  }

  /** Sends what has changed on disk, and is whole. @throws ApiError; Failure Superseded when somebody else has written */
  async write(signal?: AbortSignal): Promise<void> {
    const { folder, stored, stack, identity, clock } = this.#options;
    const version = await folder.version();
    if (version === this.#version) return;
    const files = await folder.files();
    if (!areWhole(files)) return;
    this.#whole = files;
    const layout = layOut(stack, files);
    const { lineage, uid } = this.#mark;
    const manifest: Manifest = {
      format: manifestFormat,
      lineage,
      serial: this.#serial + 1,
      writer: identity,
      time: new Date(clock.now()).toISOString(),
      files: layout.files,
    };
    // Ahead of the write: after a crash in between, the disk is known to be the newer one.
    this.#mark = markOf(manifest, uid);
    await folder.setMark(this.#mark).catch((error: unknown) => {
      // With an older mark, what is sent now counts as the newer one, which is right as soon as it is there.
      if (!isDiskFull(error)) throw error;
    });
    await stored.write(manifest, layout.pieces, { signal });
    this.#serial = manifest.serial;
    this.#pieces = layout.pieces;
    this.#version = version;
    this.#written = true;
  }

  /** After the last write. @throws ApiError */
  async tidy(): Promise<void> {
    if (this.#written) await this.#options.stored.tidy(this.#pieces);
    await this.#options.folder.removeHistory();
  }
}

export class ClusterSession implements StateSession {
  readonly backend: Backend;
  readonly signal: AbortSignal;
  readonly #options: CopyOptions;
  readonly #copies: StateCopies;
  readonly #ended = new AbortController();
  readonly #superseded = new AbortController();
  readonly #following: Promise<void>;

  constructor(backend: Backend, copies: StateCopies, options: CopyOptions) {
    this.backend = backend;
    this.#options = options;
    this.#copies = copies;
    this.signal = AbortSignal.any([options.lock.signal, this.#superseded.signal]);
    this.#following = this.#follow();
  }

  async resources(): Promise<readonly StateResource[]> {
    return deploymentsIn(await this.#copies.files()).flatMap(resourcesOf);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#ended.abort();
    await this.#following;
    try {
      // Without the lock another run may have gone on from the copy in the cluster.
      if (this.signal.aborted) return;
      await this.#copies.write();
      await this.#copies.tidy();
    } catch (error) {
      const { namespace } = this.#options.stack;
      throw apiFailure(error, { verb: 'update', key: secretKey(namespace, manifestName(this.#options.stack)) });
    } finally {
      await this.#options.lock[Symbol.asyncDispose]();
    }
  }

  async #follow(): Promise<void> {
    const { clock, log, stack } = this.#options;
    const signal = AbortSignal.any([this.#ended.signal, this.signal]);
    while (!signal.aborted) {
      try {
        await clock.sleep(followMs, { signal });
        await this.#copies.write();
      } catch (error) {
        if (signal.aborted) return;
        if (error instanceof Failure && error.reason === 'Superseded') return this.#superseded.abort(error);
        log.warn('the state could not be copied to the cluster; it is tried again', { stack: idOf(stack), error });
      }
    }
  }
}

const isSame = (a: Readonly<Record<string, string>>, b: Readonly<Record<string, string>>): boolean =>
  Object.keys(a).length === Object.keys(b).length && Object.entries(a).every(([path, digest]) => b[path] === digest);

function markOf({ lineage, serial, writer, time, files }: Manifest, uid: string | undefined): Mark {
  const digests = Object.fromEntries(files.map(({ path, digest }) => [path, digest]));
  return { lineage, serial, writer, time, uid, files: digests };
}

const newMark = ({ newLineage, identity, uid }: CopyOptions): Mark => ({
  lineage: newLineage(),
  serial: 0,
  writer: identity,
  time: '',
  uid,
  files: {},
});
