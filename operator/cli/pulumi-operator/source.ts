/** Where the program comes from: Git by itself or by Flux. */
import type { Draft } from './draft.ts';
import { filled } from './draft.ts';
import type { Fields, Json } from './fields.ts';

/** Names of the entries that a GitSource reads from its Secret. */
const wanted = 'username and password, bearerToken, or identity and known_hosts';

/** `projectRepo`, `branch`, `commit`, `repoDir`, `gitAuth` … of a Stack. */
export function readGit(spec: Fields, draft: Draft, intervalSeconds: number | undefined): void {
  const url = spec.text('projectRepo');
  spec.cannot('shallow', 'every fetch is partial: only what is needed is fetched');
  const branch = spec.text('branch');
  const commit = spec.text('commit');
  draft.spec['path'] = pathOf(spec.text('repoDir'));
  const secret = readAuthSecret(spec, draft);
  if (url === undefined) return;
  const interval = intervalSeconds === undefined ? undefined : `${intervalSeconds}s`;
  draft.source = filled({
    url: urlOf(url),
    ref: refOf({ branch, commit }, (text) => spec.note(commit === undefined ? 'branch' : 'commit', text)),
    interval,
    secretRef: secret === undefined ? undefined : { name: secret },
  });
}

/** `git` of a Workspace. */
export function readWorkspaceGit(git: Fields, draft: Draft): void {
  const ref = git.text('ref');
  git.cannot('shallow', 'every fetch is partial: only what is needed is fetched');
  draft.spec['path'] = pathOf(git.text('dir'));
  const auth = git.map('auth');
  const isCommit = ref !== undefined && /^[0-9a-f]{40}$/.test(ref);
  const secret = auth && readAuth(auth, draft, ['sshPrivateKey', 'token', 'username', 'password', 'githubApp']);
  draft.source = filled({
    url: urlOf(git.text('url') ?? ''),
    ref: refOf(isCommit ? { commit: ref } : { branch: ref }, (text) => git.note('ref', text)),
    secretRef: secret === undefined ? undefined : { name: secret },
  });
}

/** `github.com:owner/name` and the like stay; a bare host gets https. */
const urlOf = (url: string): string => (/^(\w+:\/\/|[\w.-]+@)/.test(url) ? url : `https://${url}`);

const pathOf = (path: string | undefined): string | undefined =>
  path?.replace(/^(\.?\/)+/, '').replace(/\/+$/, '') || undefined;

function refOf(
  { branch, commit }: { branch?: string | undefined; commit?: string | undefined },
  note: (text: string) => void,
): Json {
  if (commit !== undefined) {
    if (!/^[0-9a-f]{40}([0-9a-f]{24})?$/.test(commit))
      note('a commit is given in full here, 40 letters; correct ref.commit');
    return { commit };
  }
  if (branch === undefined) return {};
  if (branch.startsWith('refs/heads/')) return { branch: branch.slice('refs/heads/'.length) };
  return branch.startsWith('refs/') ? { name: branch } : { branch };
}

function readAuthSecret(spec: Fields, draft: Draft): string | undefined {
  const named = spec.text('gitAuthSecret');
  const auth = spec.map('gitAuth');
  if (auth !== undefined) {
    if (named !== undefined) spec.note('gitAuthSecret', 'gitAuth is there, too, and goes before it');
    return readAuth(auth, draft, ['accessToken', 'sshAuth', 'basicAuth', 'githubApp']);
  }
  if (named !== undefined)
    spec.note(
      'gitAuthSecret',
      `Secret ${named} must have the entries ${wanted}; theirs are accessToken and sshPrivateKey`,
    );
  return named;
}

/** Theirs names entries one by one, ours one Secret with entries of fixed names. */
function readAuth(auth: Fields, draft: Draft, kinds: readonly string[]): string {
  const name = `${draft.name}-git`;
  const found = kinds.filter((kind) => auth.has(kind));
  for (const kind of found) readWhole(auth.map(kind));
  auth.note('', `make Secret ${name} with the entries ${wanted}, from what ${found.join(', ') || 'it'} names`);
  if (found.includes('githubApp'))
    auth.note('githubApp', 'tokens of a GitHub App are not made here; use a deploy key or a token');
  return name;
}

/** References alone, which the note tells of. */
function readWhole(fields: Fields | undefined): void {
  for (const name of fields?.names ?? []) fields?.raw(name);
}

/** A `GitRepository` of Flux beside the stacks: the GitSource that it would be. */
export function readGitRepository(spec: Fields): Json {
  const ref = spec.map('ref');
  const secret = spec.map('secretRef')?.text('name');
  const source = filled({
    url: spec.text('url'),
    ref: filled(
      Object.fromEntries(['branch', 'tag', 'semver', 'commit', 'name'].map((kind) => [kind, ref?.text(kind)])),
    ),
    interval: spec.text('interval'),
    timeout: spec.text('timeout'),
    secretRef: filled({ name: secret }),
    ignore: spec.text('ignore'),
    submodules: spec.boolean('recurseSubmodules'),
    sparsePaths: spec.texts('sparseCheckout'),
    suspend: spec.boolean('suspend'),
  });
  return source;
}
