/** Room 1: url and ref become a content-addressed revision on disk. */
export { readCredentials, type Credentials } from './credentials.ts';
export { parseRemote } from './git-url.ts';
export { RevisionStore, type Fetched } from './revision-store.ts';
export { Revisions } from './revisions.ts';
