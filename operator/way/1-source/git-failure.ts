/** What Git's exit means: the one table from its well-known words to our reasons, since its exit code is 128 for all. */
import { diskFull, failure, saysDiskFull, type Failure } from '#runtime';
import type { Reason } from '#api';
import { maskUrls } from './git-url.ts';
import { mostMemoryBytes, mostOutputBytes, mostPackBytes } from './limits.ts';

/** Git ended with an exit code other than 0, or could not be started. */
export interface GitExit {
  readonly exitCode: number;
  readonly stderr: string;
  /** The disk was found to be full, whatever Git said. */
  readonly isDiskFull?: boolean;
}

interface Words {
  readonly pattern: RegExp;
  readonly reason: Reason;
  readonly what: string;
  readonly remedy?: string;
}

const mebibytes = (bytes: number): string => `${bytes / 2 ** 20} MiB`;

/** The first that matches decides; Git runs with LC_ALL=C, so these are its own words in every release since 2.30. */
const table: readonly Words[] = [
  {
    pattern: /out of memory|the output of git is over the limit|(malloc|mmap|calloc|realloc) failed/i,
    reason: 'FileTooLarge',
    what: `the refs or files are more than Git may hold (${mebibytes(mostMemoryBytes)}) or list (${mebibytes(mostOutputBytes)})`,
    remedy: 'look at what the server sends; a repository of its own for what the cluster needs is smaller',
  },
  {
    pattern: /fsck error|refusing to (create|update) /i,
    reason: 'GitFailed',
    what: 'the repository holds an object that Git itself takes for an attack or a defect',
    remedy: 'run `git fsck` in a clone, and leave the commit that brought it out of the history',
  },
  {
    pattern: /returned error: 30\d\b/i,
    reason: 'GitRepositoryNotFound',
    what: 'the repository has moved, and credentials are not sent to another address than that of the source',
    remedy: 'put the new address into spec.url',
  },
  {
    pattern: /host key verification failed|host identification has changed|no \S+ host key is known/i,
    reason: 'GitHostKeyRejected',
    what: 'the host key of the server is not in known_hosts',
    remedy: 'put the host key of the server into the known_hosts entry of the Secret',
  },
  {
    pattern:
      /could not read (username|password)|authentication failed|invalid credentials|returned error: 40[137]\b|http\/?[\d.]* 40[13]\b/i,
    reason: 'GitAuthFailed',
    what: 'the server refused the credentials, or asks for some',
    remedy: 'put valid credentials into the Secret named by spec.secretRef',
  },
  {
    pattern: /permission denied \([\w,-]+\)|permission to \S+ denied|load key .*(invalid format|error in libcrypto)/i,
    reason: 'GitAuthFailed',
    what: 'the server refused the key',
    remedy: 'put a key that may read the repository into the identity entry of the Secret',
  },
  {
    pattern: /couldn't find remote ref|not our ref|unadvertised object|no such remote ref/i,
    reason: 'GitRefNotFound',
    what: 'the commit or ref is not in the repository',
    remedy: 'push it, or correct spec.ref',
  },
  {
    pattern: /certificate|ssl_?cert|ssl connection|gnutls|tls handshake/i,
    reason: 'GitUnreachable',
    what: 'the TLS connection failed',
    remedy: 'put the CA bundle of the server into the ca.crt entry of the Secret',
  },
  {
    pattern:
      /repository '[^']*' not found|repository not found|does not appear to be a git repository|not a git repository|returned error: 4(04|10)\b|could not be found/i,
    reason: 'GitRepositoryNotFound',
    what: 'there is no repository at the address, or the credentials may not see it',
    remedy: 'correct spec.url, or grant access to it',
  },
  {
    pattern: /could not resolve (host|proxy)|name or service not known|temporary failure in name resolution/i,
    reason: 'GitUnreachable',
    what: 'the name of the server does not resolve',
    remedy: 'check the host in spec.url, DNS and the network policy',
  },
  {
    pattern: /returned error: (5\d\d|429)/i,
    reason: 'GitUnreachable',
    what: 'the server answered with an error of its own',
    remedy: 'look at the Git server; the fetch is tried again by itself',
  },
  {
    pattern:
      /failed to connect|couldn't connect|connection (refused|reset|timed out|closed)|timed out|operation too slow|no route to host|network is unreachable|early eof|rpc failed|hung up|unexpected disconnect|empty reply|recv failure|send failure|returned error: /i,
    reason: 'GitUnreachable',
    what: 'the server did not answer, or broke the connection',
    remedy: 'check the address, the network policy and the server; the fetch is tried again by itself',
  },
  {
    // What index-pack says when the kernel ends it: nothing. Any other end has words that stand above.
    pattern: /(invalid index-pack output|died of signal 25|file too large)/i,
    reason: 'FileTooLarge',
    what: `the commit is over the limit of ${mebibytes(mostPackBytes)} that may be fetched`,
    remedy: 'take large files out of the repository, or move what the cluster needs to one of its own',
  },
];

export interface GitContext {
  /** The address, or the part of the work, that the message begins with. */
  readonly where: string;
  /** Texts that must not appear in a message. */
  readonly secrets?: readonly string[];
}

/** The exit as a Failure that carries what Git said, without secrets. */
export function gitFailure(exit: GitExit, { where, secrets = [] }: GitContext): Failure {
  const found = mask(said(exit), secrets);
  if (foundNoRoom(exit)) return fullDisk({ where }, masked(exit, secrets), found);
  const words = table.find(({ pattern }) => pattern.test(exit.stderr));
  const parts = { where: maskUrls(where), ...(found === '' ? {} : { found }) };
  if (words === undefined)
    return failure(
      'GitFailed',
      { ...parts, what: `git ended with exit code ${exit.exitCode}` },
      { cause: masked(exit, secrets) },
    );
  const { reason, what, remedy } = words;
  return failure(
    reason,
    { ...parts, what, ...(remedy === undefined ? {} : { remedy }) },
    { cause: masked(exit, secrets) },
  );
}

/** That its own disk is full is not for us to say, whatever a server says. */
const ownWords = ({ stderr }: GitExit): string => stderr.replaceAll(/^remote: .*$/gm, '');

/** Ahead of the table: that the pack ends too early or a connection breaks follows from it. */
export const foundNoRoom = (exit: GitExit): boolean => exit.isDiskFull === true || saysDiskFull(ownWords(exit));

/** Git says of files and refs that it could not write them, and not always why. */
export const couldNotWrite = (exit: GitExit): boolean => /\bwrit(e|ing)\b/i.test(ownWords(exit)) && !foundNoRoom(exit);

/** No room for a commit at `where`. */
export const fullDisk = ({ where }: GitContext, cause: unknown, found = ''): Failure =>
  diskFull(
    {
      where: maskUrls(where),
      undone: 'the commit could not be fetched or exported',
      ...(found === '' ? {} : { found }),
      then: 'it is fetched again by itself, and the last good revision stays in use',
    },
    cause,
  );

/** Servers without shallow fetches: the "dumb" protocol, and some proxies. */
export const refusesShallow = ({ stderr }: GitExit): boolean =>
  /does not support shallow|shallow capabilities/i.test(stderr);

/** Servers of the old protocol hand out only what a ref points at. */
export const refusesCommits = ({ stderr }: GitExit): boolean =>
  /unadvertised object|not our ref|couldn't find remote ref/i.test(stderr);

const longestQuote = 400;

/** The line that says why: the server's own words, then the last `fatal:` or `error:`, then whatever came last. */
function said({ stderr }: GitExit): string {
  const lines = stderr.split(/[\r\n]+/).map((line) => line.trim());
  const spoken = lines.filter(
    (line) =>
      line !== '' &&
      !/^(please make sure|and the repository exists|warning:|fatal: could not read from remote)/i.test(line),
  );
  const remote = spoken.findLast((line) => /^(remote: )?(error|fatal):/i.test(line) && line.startsWith('remote:'));
  const last = spoken.findLast((line) => /^(fatal|error):/i.test(line)) ?? spoken.at(-1) ?? '';
  return [remote, last].filter(Boolean).join('; ').slice(0, longestQuote);
}

function mask(text: string, secrets: readonly string[]): string {
  return secrets
    .filter((secret) => secret.length > 3)
    .reduce((rest, secret) => rest.replaceAll(secret, '***'), maskUrls(text));
}

const masked = ({ exitCode, stderr }: GitExit, secrets: readonly string[]): Error =>
  new Error(`exit code ${exitCode}: ${mask(stderr, secrets).slice(0, 4000)}`);
