/** What the source controller does while Git comes, goes and comes back. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import type { GitSource } from '#api';
import { Discovery, Transport } from '#kube';
import type { ReconcileContext } from '#loop';
import { createLog, systemClock, type Outcome } from '#runtime';
import { Revisions, RevisionStore } from '#source';
import { gitSourceController } from './git-source.ts';
import { SourceCredentials } from './source-credentials.ts';

const log = createLog({ level: 'error', clock: systemClock });
let root: string;
let status: Record<string, unknown>;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'plumbline-source-'));
  status = {};
  mkdirSync(join(root, 'repository'));
  git('init', '--quiet', '--initial-branch=main');
  commit('first');
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const git = (...args: string[]): string =>
  execFileSync('git', ['-c', 'user.name=Ada', '-c', 'user.email=ada@example.com', ...args], {
    cwd: join(root, 'repository'),
    env: { PATH: '/usr/local/bin:/usr/bin:/bin', HOME: root, GIT_CONFIG_NOSYSTEM: '1' },
    encoding: 'utf8',
  }).trim();

function commit(subject: string): string {
  writeFileSync(join(root, 'repository', 'a.yaml'), subject);
  git('add', '--all');
  git('commit', '--quiet', '-m', subject);
  return git('rev-parse', 'HEAD');
}

/** A process of the operator: its memory is new, its disk is what the last one left. */
function startProcess(): { revisions: Revisions; reconcile: (spec?: Partial<GitSource['spec']>) => Promise<Outcome> } {
  const revisions = new Revisions();
  const store = new RevisionStore({ folder: join(root, 'data'), clock: systemClock, log });
  // Never asked: the sources of this file name no Secret.
  const transport = new Transport({ server: 'https://127.0.0.1:1' });
  const discovery = new Discovery(transport);
  const credentials = new SourceCredentials({ transport, discovery, clock: systemClock, log, changed: () => {} });
  const controller = gitSourceController({ store, revisions, credentials });
  return { revisions, reconcile: (spec) => controller.reconcile(sourceOf(spec), context()) };
}

const key = 'shop/platform';

const context = (): ReconcileContext => ({
  key,
  signal: new AbortController().signal,
  clock: systemClock,
  log,
  report: (fields) => void Object.assign(status, fields),
  condition: () => {},
  event: () => {},
});

const sourceOf = (spec: Partial<GitSource['spec']> = {}): GitSource => ({
  apiVersion: 'plumbline.dev/v1alpha1',
  kind: 'GitSource',
  metadata: { name: 'platform', namespace: 'shop', uid: 'u', generation: 1 },
  spec: {
    url: `file://${root}/repository`,
    interval: '1m',
    timeout: '20s',
    submodules: false,
    suspend: false,
    ...spec,
  },
  status,
});

const takeGitAway = (): void => renameSync(join(root, 'repository'), join(root, 'away'));

test('a fetch fills the board and the status', async () => {
  const { revisions, reconcile } = startProcess();
  const commit = git('rev-parse', 'HEAD');
  expect(await reconcile()).toEqual({
    kind: 'settled',
    reason: 'RevisionFetched',
    message: `main@sha1:${commit} by Ada <ada@example.com>: first`,
  });
  expect(revisions.current(key)?.commit).toBe(commit);
  expect(status).toMatchObject({ artifact: { revision: `main@sha1:${commit}`, commit, subject: 'first' } });
});

test('a failing fetch leaves the last good revision on the board', async () => {
  const { revisions, reconcile } = startProcess();
  await reconcile();
  const good = revisions.current(key);
  takeGitAway();
  await expect(reconcile()).rejects.toMatchObject({ reason: 'GitRepositoryNotFound' });
  expect(revisions.current(key)).toBe(good);
});

test('after a restart the last good revision is on the board although Git is away', async () => {
  await startProcess().reconcile();
  takeGitAway();
  const { revisions, reconcile } = startProcess();
  await expect(reconcile()).rejects.toMatchObject({ reason: 'GitRepositoryNotFound' });
  expect(revisions.current(key)).toMatchObject({ subject: 'first' });
});

test('after a restart with an empty disk everything is fetched again', async () => {
  await startProcess().reconcile();
  rmSync(join(root, 'data'), { recursive: true });
  const { revisions, reconcile } = startProcess();
  await reconcile();
  expect(revisions.current(key)).toMatchObject({ subject: 'first' });
});

test('a poll without news tells nobody', async () => {
  const { revisions, reconcile } = startProcess();
  const heard: string[] = [];
  revisions.subscribe((_, { subject }) => heard.push(subject));
  await reconcile();
  await reconcile();
  commit('second');
  await reconcile();
  expect(heard).toEqual(['first', 'second']);
});

test('a suspended source asks nobody, and serves what it has', async () => {
  await startProcess().reconcile();
  commit('second');
  const { revisions, reconcile } = startProcess();
  await expect(reconcile({ suspend: true })).rejects.toMatchObject({ reason: 'Suspended' });
  expect(revisions.current(key)).toMatchObject({ subject: 'first' });
});
