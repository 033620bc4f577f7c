/** Which commit a source wants: asks the remote for as few refs as answer spec.ref, and picks one. */
import { maxSatisfying, rcompare, valid, validRange } from 'semver';
import type { GitSourceSpec } from '#api';
import { failure, type Failure } from '#runtime';

export type Ref = NonNullable<GitSourceSpec['ref']>;

/** What to fetch, and the name that people know it by. */
export interface Wanted {
  /** Full ref, or the commit itself when that is what the spec names. */
  readonly ref: string;
  /** `main`, `v1.2.3`; '' for a bare commit. */
  readonly name: string;
  /** Commit that the ref points at now (a tag already peeled). */
  readonly commit: string;
}

/** Ids by full ref; a tag object's commit stands under `<ref>^{}`. */
export type Listing = ReadonlyMap<string, string>;

/** Arguments of the one `git ls-remote` that answers; undefined when nothing need be asked. @throws Failure SourceInvalid */
export function questionOf(ref: Ref, url: string): string[] | undefined {
  assertRef(ref);
  if (ref.commit !== undefined) return undefined;
  if (ref.name !== undefined) return ['ls-remote', '--', url, ref.name, `${ref.name}^{}`];
  if (ref.semver !== undefined) return ['ls-remote', '--tags', '--', url];
  if (ref.tag !== undefined)
    return ['ls-remote', '--tags', '--', url, `refs/tags/${ref.tag}`, `refs/tags/${ref.tag}^{}`];
  if (ref.branch !== undefined) return ['ls-remote', '--heads', '--', url, `refs/heads/${ref.branch}`];
  return ['ls-remote', '--symref', '--', url, 'HEAD'];
}

export interface Answer {
  readonly refs: Listing;
  /** Full ref that HEAD points at. */
  readonly head?: string;
}

export function parseAnswer(text: string): Answer {
  const lines = text
    .split('\n')
    .filter(Boolean)
    .map((line) => line.split('\t'));
  const head = lines.find(([first = '', second]) => first.startsWith('ref: ') && second === 'HEAD')?.[0]?.slice(5);
  const refs = new Map(
    lines.filter(([first = '']) => /^[0-9a-f]{40,64}$/.test(first)).map(([id = '', ref = '']) => [ref, id]),
  );
  return { refs, ...(head === undefined ? {} : { head }) };
}

/** The commit that the spec asks for; undefined when the remote does not have it. */
export function choose(ref: Ref, { refs, head }: Answer): Wanted | undefined {
  if (ref.commit !== undefined) return { ref: ref.commit, name: '', commit: ref.commit };
  const listed = listedRef(ref, refs);
  const commit = listed === undefined ? undefined : (refs.get(`${listed}^{}`) ?? refs.get(listed));
  if (listed === undefined || commit === undefined) return undefined;
  const full = listed === 'HEAD' ? (head ?? listed) : listed;
  return { ref: full, name: shortName(full), commit };
}

function listedRef({ name, semver, tag, branch }: Ref, refs: Listing): string | undefined {
  if (name !== undefined) return name;
  if (semver !== undefined) {
    const newest = newestTag(tagsOf(refs), semver);
    return newest === undefined ? undefined : `refs/tags/${newest}`;
  }
  if (tag !== undefined) return `refs/tags/${tag}`;
  return branch === undefined ? 'HEAD' : `refs/heads/${branch}`;
}

const shortName = (ref: string): string => /^refs\/(?:heads|tags)\/(.+)$/.exec(ref)?.[1] ?? ref;

const tagsOf = (refs: Listing): string[] =>
  [...refs.keys()]
    .filter((ref) => ref.startsWith('refs/tags/') && !ref.endsWith('^{}'))
    .map((ref) => ref.slice('refs/tags/'.length));

/** The tag with the highest version in the range (npm's rules: pre-releases only when the range names one); `v1.2.3` wins over `1.2.3`. */
export function newestTag(tags: readonly string[], range: string): string | undefined {
  const versions = tags.filter((tag) => valid(tag) !== null);
  const best = maxSatisfying(versions, range);
  if (best === null) return undefined;
  return versions.filter((tag) => rcompare(tag, best) === 0).sort((a, b) => (a < b ? 1 : -1))[0];
}

/** What is not there, and what is instead. `refs` is everything that the remote has. */
export function refNotFound(ref: Ref, where: string, { refs }: Answer): Failure {
  if (refs.size === 0) {
    return failure('GitRepositoryEmpty', {
      where,
      what: 'the repository has no commit',
      remedy: 'push a first commit',
    });
  }
  const wantsTag = ref.tag !== undefined || ref.semver !== undefined;
  const there = wantsTag ? tagsOf(refs).sort().reverse() : branchesOf(refs);
  const kind = wantsTag ? 'tags' : 'branches';
  return failure('GitRefNotFound', {
    where,
    what: `${describeRef(ref)} is not in the repository`,
    found: there.length === 0 ? `no ${kind}` : `the ${kind} ${few(there)}`,
    remedy: 'push it, or correct spec.ref; the last good revision stays in use',
  });
}

const branchesOf = (refs: Listing): string[] =>
  [...refs.keys()]
    .filter((ref) => ref.startsWith('refs/heads/'))
    .map((ref) => ref.slice('refs/heads/'.length))
    .sort();

const few = (names: readonly string[]): string =>
  `${names.slice(0, 5).join(', ')}${names.length > 5 ? ` and ${names.length - 5} more` : ''}`;

export function describeRef({ name, commit, semver, tag, branch }: Ref): string {
  if (commit !== undefined) return `commit ${commit}`;
  if (name !== undefined) return `ref ${name}`;
  if (semver !== undefined) return `a tag in the range ${semver}`;
  if (tag !== undefined) return `tag ${tag}`;
  return branch === undefined ? 'the branch of HEAD' : `branch ${branch}`;
}

function assertRef({ name, commit, semver, tag, branch }: Ref): void {
  const refuse = (field: string, expected: string, found: string): Failure =>
    failure('SourceInvalid', { where: `spec.ref.${field}`, what: 'the ref cannot be used', expected, found });
  if (commit !== undefined && !/^(?:[0-9a-f]{40}|[0-9a-f]{64})$/.test(commit))
    throw refuse('commit', 'a full commit id', commit);
  if (semver !== undefined && validRange(semver) === null)
    throw refuse('semver', 'a range like ^1.2 or >=1.0.0 <2.0.0', semver);
  if (name !== undefined && !(name.startsWith('refs/') && isRefName(name)))
    throw refuse('name', 'a full ref like refs/heads/main', name);
  if (tag !== undefined && !isRefName(tag)) throw refuse('tag', 'a tag name', tag);
  if (branch !== undefined && !isRefName(branch)) throw refuse('branch', 'a branch name', branch);
}

/** git-check-ref-format(1), which also keeps patterns and refspecs out. */
const isRefName = (name: string): boolean =>
  name !== '' && !/[\x00-\x20\x7f~^:?*[\\]|\.\.|@\{|\/\/|^\/|\/$|\.$|\.lock(\/|$)|(^|\/)\.|^-/.test(name);
