/** The locks that the engine itself keeps in a backend, as it tells of them when they are in its way. */
import { readFile } from 'node:fs/promises';
import { hostname } from 'node:os';

export interface EngineLock {
  readonly host: string;
  /** Of the process, on its host. */
  readonly pid: number;
}

const told = /created by \S+@(\S+) \(pid (\d+)\) at \S+/g;

/** Pattern of the whole complaint; what follows names the locks. */
export const lockedBy = /currently locked by \d+ lock\(s\)[^]*?created by (\S+) \(pid (\d+)\) at (\S+)/;

/** The locks that an engine said it was stopped by. */
export function locksIn(said: string): EngineLock[] {
  if (!lockedBy.test(said)) return [];
  return [...said.matchAll(told)].map(([, host = '', pid = '']) => ({ host, pid: Number(pid) }));
}

/**
 * Whether whoever made a lock is no more; asked by the one that has the Lease of the state, so that no run of ours is
 * alive. `died`: the host of the holder that the Lease was taken over from.
 */
export async function isDead({ host, pid }: EngineLock, died?: string): Promise<boolean> {
  return host === died || (host === hostname() && !(await isEngine(pid)));
}

/** The number of a process that ended may be another one's by now. */
async function isEngine(pid: number): Promise<boolean> {
  const name = await readFile(`/proc/${pid}/comm`, 'utf8').catch(() => '');
  return name.startsWith('pulumi');
}
