/** Bounds that the kernel keeps for every git process and what it starts: a hostile server or commit can fill neither disk nor memory. */

/** Of any file that Git writes, packs above all. */
export const mostPackBytes = 2 ** 30;
/** Of each process, beyond what it maps from files. */
export const mostMemoryBytes = 512 * 2 ** 20;
/** Of what one command prints to us. */
export const mostOutputBytes = 64 * 2 ** 20;

export interface GitLimits {
  readonly packBytes: number;
  readonly memoryBytes: number;
}

export const gitLimits: GitLimits = { packBytes: mostPackBytes, memoryBytes: mostMemoryBytes };

/**
 * A script that lowers its own limits and runs git. POSIX counts files in blocks of 512 bytes; memory is in KiB.
 * Told to stop, it ends git's whole session (where the machine has `setsid`): the helper that reads from the network
 * outlives its git otherwise, for as long as the server goes on sending.
 */
export const boundedGit = ({ packBytes, memoryBytes }: GitLimits): string => `\
ulimit -f ${Math.ceil(packBytes / 512)} && ulimit -d ${Math.ceil(memoryBytes / 1024)} || exit 1
exec 3<&0
$(command -v setsid) git "$@" <&3 3<&- &
trap 'kill -s KILL -- "-$!" 2>/dev/null || kill -s KILL "$!"' INT TERM
wait "$!"
`;

/** So that what Git allocates fits into the bounds on a machine of any size. */
export const frugalConfig: readonly (readonly [string, string])[] = [
  ['pack.threads', '2'],
  ['index.threads', '1'],
  // Larger files are streamed; none that is exported is larger.
  ['core.bigFileThreshold', '16m'],
  ['core.packedGitWindowSize', '32m'],
  ['core.packedGitLimit', '256m'],
];
