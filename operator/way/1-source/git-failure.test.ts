/** What Git said, and what we make of it. */
import { expect, test } from '@jest/globals';
import { gitFailure } from './git-failure.ts';
import { maskUrls } from './git-url.ts';

const at = (stderr: string): ReturnType<typeof gitFailure> =>
  gitFailure({ exitCode: 128, stderr }, { where: 'https://git.example/x.git', secrets: ['hunter22'] });

test.each([
  ["fatal: unable to access 'https://git.example/x.git/': Could not resolve host: git.example", 'GitUnreachable'],
  ["fatal: unable to access 'https://git.example/x.git/': The requested URL returned error: 503", 'GitUnreachable'],
  [
    "fatal: unable to access 'https://git.example/x.git/': server certificate verification failed. CAfile: none",
    'GitUnreachable',
  ],
  ["fatal: unable to access 'https://git.example/x.git/': The requested URL returned error: 403", 'GitAuthFailed'],
  ["fatal: could not read Username for 'https://git.example': terminal prompts disabled", 'GitAuthFailed'],
  ["remote: HTTP Basic: Access denied\nfatal: Authentication failed for 'https://git.example/x.git/'", 'GitAuthFailed'],
  ["remote: Not Found\nfatal: repository 'https://git.example/x.git/' not found", 'GitRepositoryNotFound'],
  ['ERROR: Repository not found.\nfatal: Could not read from remote repository.', 'GitRepositoryNotFound'],
  [
    "fatal: '/x' does not appear to be a git repository\nfatal: Could not read from remote repository.",
    'GitRepositoryNotFound',
  ],
  ['Host key verification failed.\nfatal: Could not read from remote repository.', 'GitHostKeyRejected'],
  [
    'No ED25519 host key is known for git.example and you have requested strict checking.\nHost key verification failed.',
    'GitHostKeyRejected',
  ],
  ['git@git.example: Permission denied (publickey).\nfatal: Could not read from remote repository.', 'GitAuthFailed'],
  [
    'ssh: connect to host git.example port 22: Connection refused\nfatal: Could not read from remote repository.',
    'GitUnreachable',
  ],
  ["fatal: couldn't find remote ref refs/heads/gone", 'GitRefNotFound'],
  ['fatal: remote error: upload-pack: not our ref 0123', 'GitRefNotFound'],
  ['error: RPC failed; curl 56 Recv failure: Connection reset by peer\nfatal: early EOF', 'GitUnreachable'],
  ['fatal: bad object HEAD', 'GitFailed'],
  ['fatal: fetch-pack: invalid index-pack output', 'FileTooLarge'],
  ['fatal: early EOF\nfatal: fetch-pack: invalid index-pack output', 'GitUnreachable'],
  ['fatal: write error: No space left on device\nfatal: fetch-pack: invalid index-pack output', 'DiskFull'],
  ['fatal: write error: No space left on device\nfatal: early EOF\nerror: RPC failed; curl 18', 'DiskFull'],
  ["fatal: sha1 file '/data/x.idx' write error. Out of diskspace\nfatal: the remote end hung up", 'DiskFull'],
  ['fatal: write error: File too large\nfatal: fetch-pack: invalid index-pack output', 'FileTooLarge'],
  ['remote: fatal: write error: No space left on device\nfatal: early EOF', 'GitUnreachable'],
  ['error: unable to write file a', 'GitFailed'],
  ['fatal: Out of memory, realloc failed', 'FileTooLarge'],
  ['error: object 01: hasDotgit: contains .git\nfatal: fsck error in packed object', 'GitFailed'],
  [
    "fatal: unable to access 'https://git.example/x.git/': The requested URL returned error: 301",
    'GitRepositoryNotFound',
  ],
  ['', 'GitFailed'],
])('%s', (stderr, reason) => {
  expect(at(stderr).reason).toBe(reason);
});

test('the message says where, what Git said, and what to do, without secrets', () => {
  const { message } = at(
    "remote: hunter22 is wrong\nfatal: Authentication failed for 'https://ada:hunter22@git.example/x.git/'",
  );
  expect(message).toBe(
    "https://git.example/x.git: the server refused the credentials, or asks for some, found fatal: Authentication failed for 'https://***@git.example/x.git/'; put valid credentials into the Secret named by spec.secretRef",
  );
});

test('a file that could not be written while the disk was full is told as that', () => {
  const exit = { exitCode: 255, stderr: 'error: unable to write file a', isDiskFull: true };
  expect(gitFailure(exit, { where: 'https://git.example/x.git' })).toMatchObject({
    reason: 'DiskFull',
    message:
      "https://git.example/x.git: the disk is full, so the commit could not be fetched or exported, found error: unable to write file a; give the operator's data folder more room; it is fetched again by itself, and the last good revision stays in use",
  });
});

test('the cause that goes to the log holds no secret either', () => {
  expect(String(at('fatal: hunter22 https://ada:pass@git.example').cause)).not.toMatch(/hunter22|pass/);
});

test('a name in an address is not a secret, a token or password is', () => {
  expect(maskUrls('ssh://git@host/x https://u:p@host https://ghp_0123456789012345678901234567@host')).toBe(
    'ssh://git@host/x https://***@host https://***@host',
  );
});
