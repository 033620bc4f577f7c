/** Approval by a signed commit: with a key that the stack names, for exactly the digest that the plan has. */
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { configMap, Platform, startTestOperator, type TestOperator } from '#testing';
import { installApprovals, planIn } from '../support/approvers.ts';

const run = promisify(execFile);
let operator: TestOperator;
let folder = '';
beforeAll(async () => {
  operator = await startTestOperator();
  folder = await mkdtemp(join(tmpdir(), 'plumbline-keys-'));
}, 60_000);
afterAll(async () => {
  await operator[Symbol.asyncDispose]();
  await run('gpgconf', ['--homedir', folder, '--kill', 'all']);
  await rm(folder, { recursive: true, force: true });
});

/** An empty commit, signed; its id. */
async function sign(platform: Platform, message: string, how: readonly string[]): Promise<string> {
  const { folder: repository } = platform.git.repository;
  const config = how.flatMap((pair) => ['-c', pair]);
  const args = ['-C', repository, ...config, 'commit', '--quiet', '--allow-empty', '-S', '-m', message];
  await run('git', args, { env: { ...process.env, GNUPGHOME: folder } });
  await platform.reconcile();
  return (await run('git', ['-C', repository, 'rev-parse', 'HEAD'])).stdout.trim();
}

async function sshKey(name: string): Promise<{ readonly how: readonly string[]; readonly line: string }> {
  const file = join(folder, name);
  await run('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', name, '-f', file]);
  const [type, key] = (await readFile(`${file}.pub`, 'utf8')).split(' ');
  return { how: ['gpg.format=ssh', `user.signingKey=${file}`], line: `${name}@example.com ${type} ${key}` };
}

async function gpgKey(user: string): Promise<{ readonly how: readonly string[]; readonly text: string }> {
  const env = { ...process.env, GNUPGHOME: folder };
  await run('chmod', ['700', folder]);
  const generate = ['--batch', '--passphrase', '', '--quick-generate-key', user, 'ed25519', 'sign', 'never'];
  await run('gpg', generate, { env });
  const { stdout: text } = await run('gpg', ['--armor', '--export', user], { env });
  return { how: ['gpg.format=openpgp', `user.signingKey=${user}`], text };
}

test('two people approve by commits that they signed, with an SSH and an OpenPGP key; others and other digests count for nothing', async () => {
  await using platform = await Platform.create({ 'app/a.yaml': configMap('a') });
  await installApprovals(platform);
  const [alice, mallory, bob] = [await sshKey('alice'), await sshKey('mallory'), await gpgKey('bob@example.com')];
  const { namespace } = platform;
  const data = { allowed_signers: `${alice.line}\n`, 'bob.asc': bob.text };
  const metadata = { name: 'signers', namespace };
  await platform.cluster.apply(JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata, data }));
  await platform.stack('app', 'approval: {approvals: 2, signers: {name: signers}}');
  const plan = await planIn(platform, 'AwaitingApproval');
  const approve = `Agree\n\nPlumbline-Approve: ${plan.spec.digest}`;
  await sign(platform, approve, mallory.how);
  await sign(platform, 'Agree to something else\n\nPlumbline-Approve: sha256:00', bob.how);
  // What nobody signed, and what stands anywhere but in a trailer.
  await platform.commit({ 'readme.md': '1' }, `Agree without a signature\n\nPlumbline-Approve: ${plan.spec.digest}`);
  const first = await sign(platform, approve, alice.how);
  await platform.saying('app', /waits for 1 more of 2 approvals/);
  expect(await platform.configMap('a')).toBeUndefined();
  const second = await sign(platform, approve, bob.how);
  await platform.ready('app');
  const [change] = await platform.changes('app');
  expect(change?.plan?.digest).toBe(plan.spec.digest);
  expect(change?.plan?.approvals.map(({ user, by, reference }) => [user, by, reference]).sort()).toEqual([
    ['alice@example.com', 'commit', first],
    ['bob@example.com', 'commit', second],
  ]);
});
