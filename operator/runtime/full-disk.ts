/** A disk without room: known by an error, by what a program said, or by the disk itself; and told in one sentence. */
import { rm, writeFile } from 'node:fs/promises';
import { constants } from 'node:os';
import { join } from 'node:path';
import { failure, type Failure } from './failure.ts';

interface Undone {
  readonly where: string;
  /** What could not be done: `the run could not write its files`. */
  readonly undone: string;
  /** What the program said that could not do it. */
  readonly found?: string;
  /** What comes of itself once there is room: `the next run goes on`. */
  readonly then: string;
}

/** The Failure of work for which the data folder of the operator had no room. */
export const diskFull = ({ where, undone, found, then }: Undone, cause?: unknown): Failure =>
  failure(
    'DiskFull',
    {
      where,
      what: `the disk is full, so ${undone}`,
      ...(found === undefined ? {} : { found }),
      remedy: `give the operator's data folder more room; ${then}`,
    },
    { cause },
  );

/** Node has a name for the one, and for the other (EDQUOT) only its number. */
const numbersOfFull: readonly unknown[] = [-constants.errno.ENOSPC, -constants.errno.EDQUOT];

/** Whether a file could not be written for want of room, or of the quota of the operator's account. */
export const isDiskFull = (error: unknown): boolean =>
  numbersOfFull.includes((error as NodeJS.ErrnoException | undefined)?.errno);

/** The same as Go, Node, the C library, npm and Git say it. */
const noRoom =
  /\b(?:ENOSPC|EDQUOT)\b|no\s+space\s+left\s+on\s+device|disk\s+quota\s+exceeded|insufficient space on your system|out of diskspace|unknown system error -122\b/i;

/** Whether a program says that a disk is full, its own or one that it was told of. */
export const saysDiskFull = (said: string): boolean => noRoom.test(said);

/** Less than this is no room for any work. */
const roomBytes = 1024 * 1024;

/** Whether the disk of a folder that nobody else writes to has no room left: only writing tells, for a quota counts too. */
export async function hasNoRoom(folder: string): Promise<boolean> {
  const file = join(folder, 'room');
  try {
    await writeFile(file, Buffer.alloc(roomBytes));
    return false;
  } catch (error) {
    if (!isDiskFull(error)) throw error;
    return true;
  } finally {
    await rm(file, { force: true });
  }
}
