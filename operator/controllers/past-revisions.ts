/** Commits that a stack has applied and no disk holds any more: fetched once, used, and forgotten. */
import type { GitSource } from '#api';
import type { RevisionStore } from '#source';
import type { Revision } from '#values';
import { readCredentialsOf, type SecretAccess } from './source-credentials.ts';

export interface PastRevisionsOptions extends SecretAccess {
  readonly store: RevisionStore;
}

export class PastRevisions {
  readonly #options: PastRevisionsOptions;

  constructor(options: PastRevisionsOptions) {
    this.#options = options;
  }

  /** Lends a commit of a source. @throws Failure when the remote does not give it. */
  async with<R>(
    { source, commit, signal }: { readonly source: GitSource; readonly commit: string; readonly signal: AbortSignal },
    use: (revision: Revision) => Promise<R>,
  ): Promise<R> {
    const { store } = this.#options;
    const { namespace, name } = source.metadata;
    // Beside what the source serves now, which must not move.
    const key = `${namespace}/${name}@${commit}`;
    const spec = { ...source.spec, ref: { commit } };
    try {
      const credentials = await readCredentialsOf(source, this.#options, signal);
      const { revision } = await store.fetchRevision({ key, spec, credentials, signal });
      using _held = store.hold(revision);
      return await use(revision);
    } finally {
      await store.forget(key);
    }
  }
}
