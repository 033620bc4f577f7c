/** Room 1: url and ref become a content-addressed revision on disk. */
export { readCredentials, type Credentials } from './credentials.ts';
export { isSameRepository, parseRemote } from './git-url.ts';
export { LocalRepository } from './local-repository.ts';
export { RevisionStore, type Fetched } from './revision-store.ts';
export { Revisions } from './revisions.ts';
export type { SignedWord, SignerKeys } from './signed-words.ts';
export { takeSnapshot, type Snapshot } from './snapshot.ts';
