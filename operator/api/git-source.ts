/** `GitSource`: a repository and a ref; serves the newest commit of it. */
import { conditions, duration, lastHandledReconcileAt, name, observedGeneration, time } from './common-fields.ts';
import { defineKind, type CustomObject } from './kind.ts';
import { boolean, list, object, optional, text, type ReadOf, type Required, type WrittenOf } from './schema.ts';

const urlForms = [/^(https?|ssh|file):\/\/[^\s]+$/u, /^[A-Za-z0-9_.-]+@[A-Za-z0-9][^:/\s]*:[^\s]+$/u];
const refForms = ['branch', 'tag', 'semver', 'commit', 'name'] as const;

/** A ref of Git holds no blank; one that begins with a dash would be read as an option. */
const refName = (about: string): Required<string> => text(about, { max: 255, pattern: '^[^-\\s][^\\s]*$' });

const spec = object('What to fetch, and how.', {
  url: text('Address of the repository: https, http, ssh, git@host:path, or file for tests.', {
    max: 2048,
    rules: [
      {
        rule: String.raw`self.matches('^(https?|ssh|file)://[^\\s]+$') || self.matches('^[A-Za-z0-9_.-]+@[A-Za-z0-9][^:/\\s]*:[^\\s]+$')`,
        message: 'url must begin with https://, http://, ssh:// or file://, or have the form git@host:path',
        holds: (url) => urlForms.some((form) => form.test(url)),
      },
    ],
  }),
  ref: optional(
    object(
      'What to follow; the default branch when absent.',
      {
        branch: optional(refName('A branch.')),
        tag: optional(refName('A tag.')),
        semver: optional(text('A range, as npm understands it; the highest tag in it is taken.', { max: 255 })),
        commit: optional(text('A full commit id.', { max: 64, pattern: '^[0-9a-f]{40}([0-9a-f]{24})?$' })),
        name: optional(refName('A full ref name like refs/pull/7/head.')),
      },
      {
        rules: [
          {
            rule: '[has(self.branch), has(self.tag), has(self.semver), has(self.commit), has(self.name)].filter(x, x).size() <= 1',
            message: 'ref takes at most one of branch, tag, semver, commit and name',
            holds: (ref) => refForms.filter((form) => ref[form] !== undefined).length <= 1,
          },
        ],
      },
    ),
  ),
  interval: duration('How often the remote is asked for news.', '1m'),
  timeout: duration('How long one fetch may take.', '60s'),
  secretRef: optional(
    object('Secret with credentials: username and password, bearerToken, identity and known_hosts, or ca.crt.', {
      name: name('Name of the Secret.'),
    }),
  ),
  ignore: optional(text('Paths to leave out, in .gitignore syntax.', { max: 16_384 })),
  sparsePaths: optional(list('Folders to export; all when absent.', text('A folder.', { max: 1024 }), { max: 100 })),
  submodules: boolean('Also export submodules.', { default: false }),
  suspend: boolean('Fetch nothing.', { default: false }),
});

const status = object('What was found.', {
  observedGeneration,
  lastHandledReconcileAt,
  artifact: optional(
    object('The newest commit.', {
      revision: text('branch@sha1:commit.', { max: 512 }),
      commit: text('Commit id.', { max: 64 }),
      tree: text('Tree id of the commit.', { max: 64 }),
      digest: text('Digest of what was exported.', { max: 128 }),
      author: text('Author, name and address.', { max: 512 }),
      committer: text('Committer, name and address.', { max: 512 }),
      subject: text('First line of the message.', { max: 512 }),
      time: time('When it was committed.'),
    }),
  ),
  waitingFor: optional(text('What the source waits for.', { max: 32_768 })),
  nextTry: optional(time('When a failure is tried again.')),
  conditions,
});

export type GitSourceSpec = ReadOf<typeof spec>;
/** The spec as people write it. */
export type GitSourceInput = WrittenOf<typeof spec>;
export type GitSource = CustomObject<GitSourceSpec, ReadOf<typeof status>>;

export const gitSourceKind = defineKind({
  kind: 'GitSource',
  plural: 'gitsources',
  shortNames: ['gsrc'],
  about: 'A Git repository and the ref of it that is followed.',
  spec,
  status,
  columns: [
    { name: 'URL', path: '.spec.url' },
    { name: 'Ready', path: '.status.conditions[?(@.type=="Ready")].status' },
    { name: 'Revision', path: '.status.artifact.revision' },
    { name: 'Age', path: '.metadata.creationTimestamp', type: 'date' },
    { name: 'Message', path: '.status.conditions[?(@.type=="Ready")].message', priority: 1 },
  ],
});
