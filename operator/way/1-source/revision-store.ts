/** Fetches revisions: one cheap question to the remote, and only when its answer is new a fetch and an export. */
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseDuration, type GitSourceSpec } from '#api';
import { failure, Failure, Turns, type Clock, type Log } from '#runtime';
import type { Revision } from '#values';
import { lend, type Credentials, type Lent } from './credentials.ts';
import { bringModule, planExport } from './export.ts';
import { Folders } from './folders.ts';
import { gitIn, GitExitError, inOurWords, type Git } from './git.ts';
import { parseRemote, type Remote } from './git-url.ts';
import { boundedGit, gitLimits, type GitLimits } from './limits.ts';
import { Mirror, type CommitMeta } from './mirror.ts';
import { choose, parseAnswer, questionOf, refNotFound, type Wanted } from './ref.ts';
import { bounds, selectionOf, type Bounds, type Selection } from './selection.ts';
import { Shelf, type Shelved } from './shelf.ts';
import { keysIn, mostCommits, signedWords, type SignedWord, type SignerKeys } from './signed-words.ts';
import { digestOf, packEntries, TreeListing } from './tree-listing.ts';

export interface RevisionStoreOptions {
  /** Holds mirrors and exported revisions; may be empty, or left by an earlier process. */
  readonly folder: string;
  readonly clock: Clock;
  readonly log: Log;
  /** PATH and proxies for git and ssh. */
  readonly environment?: Readonly<Record<string, string>>;
  /** Bundle that https servers are checked against when the credentials have none. */
  readonly caFile?: string | undefined;
  /** Revisions kept for each source. */
  readonly keep?: number;
  readonly limits?: Bounds;
  readonly gitLimits?: GitLimits;
  /** Called before every git process, with its arguments. */
  readonly onGit?: (args: readonly string[]) => void;
}

export interface FetchOptions {
  /** `namespace/name` of the source. */
  readonly key: string;
  readonly spec: GitSourceSpec;
  readonly credentials?: Credentials | undefined;
  readonly signal?: AbortSignal;
}

export interface Fetched {
  readonly revision: Revision;
  /** Git's id of the commit's root tree. */
  readonly tree: string;
  /** `sha256:…` of the exported files. */
  readonly digest: string;
}

/** What a source is at, or why the commit that it wants cannot be used. */
interface Known {
  readonly question: string;
  readonly answer: string;
  readonly fetched?: Fetched;
  readonly refused?: Failure;
}

/** One run of fetchRevision. */
interface Run {
  readonly key: string;
  readonly spec: GitSourceSpec;
  readonly remote: Remote;
  readonly selection: Selection;
  readonly question: string;
  readonly git: Git;
  readonly home: string;
  readonly secrets: readonly string[];
}

interface OpenRun extends Run, AsyncDisposable {
  /** Git with more configuration. */
  gitWith(config: Lent['config']): Git;
  /** Runs the work; what goes wrong is told in our words. */
  telling<T>(work: () => Promise<T>): Promise<T>;
}

const plainEnvironment = { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' };

export class RevisionStore {
  readonly #options: RevisionStoreOptions;
  readonly #folders: Folders;
  readonly #known = new Map<string, Known>();
  readonly #held = new Map<string, number>();
  /** Sources that are gone, of which a revision was still held. */
  readonly #gone = new Set<string>();
  /** What is done to the folders of one source is done one after the other. */
  readonly #turns = new Turns();

  constructor(options: RevisionStoreOptions) {
    this.#options = options;
    this.#folders = new Folders(options.folder, boundedGit(options.gitLimits ?? gitLimits));
  }

  /**
   * The revision that the spec asks for. An unchanged remote costs one `git ls-remote` and returns the same object.
   * @throws Failure Git… from the table, SourceInvalid, FileTooLarge; the revisions fetched before stay
   */
  fetchRevision(options: FetchOptions): Promise<Fetched> {
    return this.#turns.take(options.key, () => this.#fetchRevision(options));
  }

  async #fetchRevision(options: FetchOptions): Promise<Fetched> {
    this.#gone.delete(options.key);
    await using run = await this.#open(options);
    return await run.telling(async () => {
      const wanted = await this.#ask(run);
      return (await this.#alreadyThere(run, wanted)) ?? (await this.#bring(run, wanted));
    });
  }

  /** Lends the credentials to a run, until it is disposed. */
  async #open({ key, spec, credentials = {}, signal }: FetchOptions): Promise<OpenRun> {
    signal?.throwIfAborted();
    const remote = parseRemote(spec.url);
    this.#assertNotOurs(remote);
    const selection = selectionOf(spec);
    const lent = await this.#lend(remote, credentials);
    const timeoutMs = parseDuration(spec.timeout);
    const deadline = this.#deadline(timeoutMs, remote.url, signal);
    const { home, secrets, config } = lent;
    const gitWith = (more: Lent['config']): Git =>
      this.#git({ ...lent, config: [...config, ...more] }, timeoutMs, deadline.signal);
    const question = JSON.stringify([remote.url, spec.ref ?? {}, selection.digest]);
    return {
      ...{ key, spec, remote, selection, question, home, secrets, gitWith },
      git: gitWith([]),
      telling: async (work) => {
        try {
          return await work();
        } catch (error) {
          if (deadline.signal.aborted) throw deadline.signal.reason;
          throw inOurWords(error, { where: remote.url, secrets });
        }
      },
      [Symbol.asyncDispose]: async () => {
        deadline[Symbol.dispose]();
        await lent[Symbol.asyncDispose]();
      },
    };
  }

  async #lend(remote: Remote, credentials: Credentials): Promise<Lent> {
    try {
      return await lend(await this.#folders.homes(), remote, credentials);
    } catch (error) {
      throw inOurWords(error, { where: remote.url });
    }
  }

  /**
   * What the newest commits of the source's ref say to plans, signed with one of the keys. In a mirror of its own: what
   * the source serves does not move. @throws Failure as {@link fetchRevision}
   */
  signedWords({ keys, ...options }: FetchOptions & { readonly keys: SignerKeys }): Promise<SignedWord[]> {
    const key = `${options.key}~words`;
    return this.#turns.take(key, async () => {
      const { clock, environment = plainEnvironment } = this.#options;
      await using run = await this.#open({ ...options, key });
      const path = (environment as Readonly<Record<string, string>>)['PATH'] ?? plainEnvironment.PATH;
      const git = run.gitWith(await keysIn(run.home, keys, { clock, path }));
      return await run.telling(async () => {
        const wanted = await this.#ask(run);
        const mirror = this.#mirror(run);
        const { commit } = await mirror.fetch(run.remote.url, wanted.ref, wanted.commit, mostCommits);
        return signedWords(git, mirror.folder, commit);
      });
    });
  }

  /** The revision on disk that has this commit, without asking anybody; undefined when the disk does not hold it. */
  restore({ key, commit }: { readonly key: string; readonly commit: string }): Promise<Fetched | undefined> {
    return this.#turns.take(key, () => this.#restore(key, commit));
  }

  async #restore(key: string, commit: string): Promise<Fetched | undefined> {
    for (const folder of await this.#folders.allRevisions(key)) {
      const shelf = new Shelf(folder);
      const current = (await shelf.read())?.current;
      if (current?.meta.commit !== commit || !shelf.has(current.item)) continue;
      return this.#remember(key, current, this.#fetched(shelf, current, await shelf.readListing(current.item)));
    }
    return undefined;
  }

  /** Keeps the files of a revision on disk until disposed. */
  hold({ folder }: Revision): Disposable {
    this.#held.set(folder, (this.#held.get(folder) ?? 0) + 1);
    let open = true;
    return {
      [Symbol.dispose]: () => {
        const left = (this.#held.get(folder) ?? 0) - (open ? 1 : 0);
        open = false;
        if (left > 0) return void this.#held.set(folder, left);
        this.#held.delete(folder);
        for (const key of this.#gone) this.#sweepLater(key);
      },
    };
  }

  /** Removes everything of a source that is gone; what is still held, once it is let go. */
  forget(key: string): Promise<void> {
    return this.#turns.take(key, () => this.#sweep(key));
  }

  async #sweep(key: string): Promise<void> {
    this.#known.delete(key);
    const left = await this.#folders.sweep(key, undefined, () => [...this.#held.keys()]);
    if (left === 0) this.#gone.delete(key);
    else this.#gone.add(key);
  }

  #sweepLater(key: string): void {
    const swept = this.#turns.take(key, async () => {
      // By now a source of this name may be back.
      if (this.#gone.has(key)) await this.#sweep(key);
    });
    swept.catch((error: unknown) => this.#options.log.warn('revisions were not removed', { source: key, error }));
  }

  /** Removes what sources that are gone left on disk. */
  keepOnly(keys: readonly string[]): Promise<void> {
    return this.#folders.keepOnly(keys);
  }

  async #ask({ spec, remote, git }: Run): Promise<Wanted> {
    const ref = spec.ref ?? {};
    const question = questionOf(ref, remote.url);
    const answer = question === undefined ? { refs: new Map<string, string>() } : parseAnswer(await git(question));
    const wanted = choose(ref, answer);
    if (wanted !== undefined) return wanted;
    throw refNotFound(ref, remote.url, parseAnswer(await git(['ls-remote', '--', remote.url])));
  }

  async #alreadyThere(run: Run, { commit }: Wanted): Promise<Fetched | undefined> {
    const { key, question } = run;
    const known = this.#known.get(key);
    if (known?.question !== question || known.answer !== commit) return undefined;
    if (known.refused !== undefined) throw known.refused;
    const shelf = this.#shelf(run);
    const current = (await shelf.read())?.current;
    return current !== undefined && shelf.has(current.item) ? known.fetched : undefined;
  }

  /** Fetches; a mirror that a crash left broken, or that takes room which lacks, is thrown away and made anew, once. */
  async #bring(run: Run, wanted: Wanted): Promise<Fetched> {
    const mirror = this.#mirror(run);
    const old = mirror.exists;
    try {
      return await this.#bringInto(mirror, run, wanted);
    } catch (error) {
      const { key, remote, secrets } = run;
      const told = inOurWords(error, { where: remote.url, secrets });
      if (!old || !(told instanceof Failure) || !(await isInTheWay(mirror, told, error))) throw error;
      this.#options.log.warn('the mirror is broken or in the way, and is made anew', {
        source: key,
        said: told.message,
      });
      await mirror.remove();
      return this.#bringInto(mirror, run, wanted);
    }
  }

  async #bringInto(mirror: Mirror, run: Run, wanted: Wanted): Promise<Fetched> {
    const { key, spec, remote, selection, question } = run;
    const meta = await mirror.fetch(remote.url, wanted.ref, wanted.commit);
    let files = 0;
    const plan = await planExport({
      mirror,
      commit: meta.commit,
      remote,
      selection,
      submodules: spec.submodules,
      limits: this.#options.limits ?? bounds,
      moduleMirror: ({ url }, commit, where) =>
        bringModule(new Mirror(this.#folders.moduleMirror(mirror.folder, url), run.git), {
          url,
          commit,
          where,
          secrets: run.secrets,
        }),
      scratchFile: () => join(run.home, `index-${(files += 1)}`),
    }).catch((error: unknown) => {
      const refused = inOurWords(error, { where: remote.url, secrets: run.secrets });
      // What a server answers may be another answer tomorrow, and a disk that is full may have room.
      if (!(refused instanceof Failure) || refused.retry !== 'on-change') throw error;
      // The commit itself is at fault: asked again, the same answer costs one ls-remote and no fetch.
      this.#known.set(key, { question, answer: wanted.commit, refused });
      throw refused;
    });
    const shelf = this.#shelf(run);
    const item = selection.digest === '' ? meta.tree : `${meta.tree}-${selection.digest}`;
    const listing = packEntries(plan.entries);
    const inUse = (folder: string): boolean => this.#held.has(folder);
    if (!shelf.has(item)) await shelf.publish(item, { listing, inUse, write: (folder) => plan.write(folder) });
    const shelved = {
      name: nameOf(wanted, meta),
      meta,
      digest: digestOf(plan.entries),
      mark: selection.digest,
      item,
      question,
      answer: wanted.commit,
    };
    await shelf.makeCurrent(shelved, { keep: this.#options.keep ?? 5, inUse });
    await mirror.tidy();
    await this.#folders.sweep(key, remote.url, () => [...this.#held.keys()]);
    return this.#remember(key, shelved, this.#fetched(shelf, shelved, listing));
  }

  #fetched(shelf: Shelf, { name, meta, digest, mark, item }: Shelved, packed: Buffer): Fetched {
    const { commit, author, committer, subject, time, tree } = meta;
    const listing = new TreeListing(tree, packed, mark);
    const folder = shelf.path(item);
    const revision = {
      name,
      commit,
      author,
      committer,
      subject,
      time,
      folder,
      treeOf: (path: string) => listing.treeOf(path),
    };
    return { revision, tree, digest };
  }

  #remember(key: string, { question, answer }: Shelved, fetched: Fetched): Fetched {
    this.#known.set(key, { question, answer, fetched });
    return fetched;
  }

  #mirror({ key, remote, git }: Run): Mirror {
    return new Mirror(this.#folders.mirror(key, remote.url), git);
  }

  #shelf({ key, remote }: Run): Shelf {
    return new Shelf(this.#folders.revisions(key, remote.url));
  }

  #git({ home, config, sshCommand }: Lent, timeoutMs: number, signal: AbortSignal): Git {
    const { environment = plainEnvironment, caFile, onGit } = this.#options;
    // A transfer that stands still ends by itself, even when its git was killed over it.
    const stall = [
      ['http.lowSpeedLimit', '1'],
      ['http.lowSpeedTime', String(Math.ceil(timeoutMs / 1000))],
    ] as const;
    // The credentials' own bundle is bound to their host, and to Git the closer match wins.
    const trust = caFile === undefined ? [] : ([['http.sslCAInfo', caFile]] as const);
    const { script } = this.#folders;
    const git = gitIn({ home, environment, config: [...trust, ...config, ...stall], sshCommand, signal, script });
    return (args, call) => {
      onGit?.(args);
      return git(args, call);
    };
  }

  #deadline(ms: number, where: string, outer: AbortSignal | undefined): Disposable & { readonly signal: AbortSignal } {
    const controller = new AbortController();
    const cancel = this.#options.clock.after(ms, () =>
      controller.abort(
        failure('GitUnreachable', {
          where,
          what: `no answer within ${ms / 1000} s`,
          remedy: 'look at the server and the network policy, or raise spec.timeout',
        }),
      ),
    );
    const signal = outer === undefined ? controller.signal : AbortSignal.any([controller.signal, outer]);
    return { signal, [Symbol.dispose]: cancel };
  }

  /** The files of the operator are not a repository for tenants to read. */
  #assertNotOurs({ protocol, url }: Remote): void {
    if (protocol !== 'file' || !`${resolve(fileURLToPath(url))}/`.startsWith(`${this.#folders.root}/`)) return;
    throw failure('SourceInvalid', { where: 'spec.url', what: 'the address lies in the data folder of the operator' });
  }
}

/** Whether a mirror is why a fetch failed: broken, or full of what earlier fetches brought while the disk has no room. */
async function isInTheWay(mirror: Mirror, { reason }: Failure, error: unknown): Promise<boolean> {
  if (reason === 'DiskFull') return (await mirror.packs()) > 1;
  return error instanceof GitExitError && (reason === 'GitFailed' || error.stderr.includes(mirror.folder));
}

/** `main@sha1:…`; a commit that was asked for by its id is only that. */
function nameOf({ name }: Wanted, { commit }: CommitMeta): string {
  const id = `${commit.length === 64 ? 'sha256' : 'sha1'}:${commit}`;
  return name === '' ? id : `${name}@${id}`;
}
