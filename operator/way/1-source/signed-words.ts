/** What signed commits say to plans: `Plumbline-Approve: <digest>` in the message, verified by git's own means. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { failure, runProgram, type Clock } from '#runtime';
import type { Git } from './git.ts';

export interface SignedWord {
  readonly digest: string;
  readonly verdict: 'approve' | 'reject';
  /** Principal of the SSH key, or user id of the OpenPGP key. */
  readonly user: string;
  readonly commit: string;
  /** When it was committed, as the signer says. RFC 3339. */
  readonly time: string;
}

/** Entries of the ConfigMap or Secret: `allowed_signers`, and OpenPGP keys in entries that end in `.asc`. */
export type SignerKeys = Readonly<Record<string, string>>;

/** So many commits are looked at, the newest ones. */
export const mostCommits = 50;

const allowedSigners = 'allowed_signers';
const trailers = { approve: 'Plumbline-Approve', reject: 'Plumbline-Reject' } as const;

/** Configuration with which git knows the keys, and no others. @throws Failure SourceInvalid when gpg takes no key */
export async function keysIn(
  home: string,
  keys: SignerKeys,
  { clock, path }: { readonly clock: Clock; readonly path: string },
): Promise<[string, string][]> {
  const file = join(home, allowedSigners);
  await writeFile(file, keys[allowedSigners] ?? '', { mode: 0o600 });
  const armoured = Object.entries(keys).filter(([name]) => name.endsWith('.asc'));
  if (armoured.length > 0) await importKeys(home, armoured, { clock, path });
  return [['gpg.ssh.allowedSignersFile', file]];
}

async function importKeys(
  home: string,
  keys: readonly (readonly [string, string])[],
  { clock, path }: { readonly clock: Clock; readonly path: string },
): Promise<void> {
  await mkdir(join(home, '.gnupg'), { mode: 0o700 });
  const gpg = async (args: readonly string[], input = ''): Promise<string> => {
    const options = { clock, cwd: home, env: { PATH: path, HOME: home, LC_ALL: 'C' }, input, timeoutMs: 20_000 };
    const { code, stdout, stderr } = await runProgram('gpg', ['--batch', '--no-autostart', ...args], options);
    if (code === 0) return stdout;
    const remedy = 'export them with `gpg --armor --export`';
    throw failure('SourceInvalid', {
      where: 'spec.approval.signers',
      what: `gpg takes no key: ${stderr.trim()}`,
      remedy,
    });
  };
  for (const [, text] of keys) await gpg(['--import'], text);
  const listed = await gpg(['--with-colons', '--list-keys']);
  const prints = [...listed.matchAll(/^fpr:+([0-9A-F]+):/gm)].map(([, print]) => `${print}:6:\n`);
  // The keys that the stack names are trusted: that is what naming them means.
  await gpg(['--import-ownertrust'], prints.join(''));
}

/** What good signatures say, newest first. @throws GitExitError */
export async function signedWords(git: Git, gitDir: string, tip: string): Promise<SignedWord[]> {
  const fields = Object.values(trailers).map((key) => `%(trailers:key=${key},valueonly,separator=%x2C)`);
  const format = ['%H', ...fields].join('%x00');
  const said = await git(['log', `--max-count=${mostCommits}`, `--format=${format}`, tip, '--'], { gitDir });
  const words: SignedWord[] = [];
  for (const line of said.split('\n').filter(Boolean)) {
    const [commit = '', approved = '', rejected = ''] = line.split('\0');
    if (approved === '' && rejected === '') continue;
    const [grade, user = '', time = ''] = (
      await git(['log', '-1', '--format=%G?%x00%GS%x00%cI', commit, '--'], { gitDir })
    )
      .trim()
      .split('\0');
    // `U`: the signature is good, but whose it is nobody has said.
    if (grade !== 'G' || user === '') continue;
    const of = (verdict: SignedWord['verdict'], values: string): SignedWord[] =>
      values
        .split(',')
        .filter(Boolean)
        .map((value) => ({ digest: value.trim(), verdict, user, commit, time: utc(time) }));
    words.push(...of('approve', approved), ...of('reject', rejected));
  }
  return words;
}

const utc = (time: string): string => new Date(time).toISOString().replace('.000Z', 'Z');
