/** Commits that a stack has applied and no disk holds any more: fetched once, used, and forgotten. */
import type { GitSource } from '#api';
import type { Clock } from '#runtime';
import type { RevisionStore } from '#source';
import type { Revision } from '#values';
import { CredentialCache, type CredentialSources } from './git-source.ts';

export interface PastRevisionsOptions extends CredentialSources {
  readonly store: RevisionStore;
  readonly clock: Clock;
}

export class PastRevisions {
  readonly #options: PastRevisionsOptions;
  readonly #credentials: CredentialCache;

  constructor(options: PastRevisionsOptions) {
    this.#options = options;
    this.#credentials = new CredentialCache(options);
  }

  /** Lends a commit of a source. @throws Failure when the remote does not give it. */
  async with<R>(
    { source, commit, signal }: { readonly source: GitSource; readonly commit: string; readonly signal: AbortSignal },
    use: (revision: Revision) => Promise<R>,
  ): Promise<R> {
    const { store, clock } = this.#options;
    const { namespace, name, generation } = source.metadata;
    // Beside what the source serves now, which must not move.
    const key = `${namespace}/${name}@${commit}`;
    const spec = { ...source.spec, ref: { commit } };
    try {
      const credentials = await this.#credentials.of(source, { key: `${key}:${generation}`, signal, clock });
      const { revision } = await store.fetchRevision({ key, spec, credentials, signal });
      using _held = store.hold(revision);
      return await use(revision);
    } finally {
      this.#credentials.forget(`${key}:${generation}`);
      await store.forget(key);
    }
  }
}
