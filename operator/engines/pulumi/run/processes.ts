/** The processes of a run, as /proc tells of them: what they take, and that none is left. */
import { readdirSync, readFileSync } from 'node:fs';
import type { Clock } from '#runtime';
import { preload } from './preload-file.ts';

interface Process {
  readonly pid: number;
  readonly parent: number;
  readonly session: number;
  readonly isZombie: boolean;
  readonly residentBytes: number;
}

/** Memory is counted in pages. */
const pageBytes = 4096;

const isMissing = (error: unknown): boolean =>
  ['ENOENT', 'ESRCH'].includes((error as NodeJS.ErrnoException).code ?? '');

/** What ended while it was looked at is not there. */
function readProc(pid: number, name: string): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/${name}`, 'utf8');
  } catch (error) {
    if (isMissing(error) || (error as NodeJS.ErrnoException).code === 'EACCES') return undefined;
    throw error;
  }
}

function allProcesses(): Process[] {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  return pids.flatMap((name) => {
    const stat = readProc(Number(name), 'stat');
    if (stat === undefined) return [];
    // The name of the program, in brackets, may hold anything.
    const [state = '', parent, , session, ...rest] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const residentBytes = Number(rest[17]) * pageBytes;
    const isZombie = state === 'Z' || state === 'X';
    return [{ pid: Number(name), parent: Number(parent), session: Number(session), isZombie, residentBytes }];
  });
}

/** Plugins have process groups of their own, but all are in the session of the process that was started. */
function ofSession(session: number): Process[] {
  return allProcesses().filter((one) => one.session === session && !one.isZombie);
}

/** The program of a run, and what it has started: not the host that starts it, nor the engine. */
function programOf(session: number): Process[] {
  const members = ofSession(session);
  const programs = members.filter(({ pid }) => readProc(pid, 'cmdline')?.includes(preload) === true);
  let parents = programs.map(({ pid }) => pid);
  const inside = new Set(programs);
  while (parents.length > 0) {
    const children = members.filter((one) => parents.includes(one.parent) && !inside.has(one));
    for (const child of children) inside.add(child);
    parents = children.map(({ pid }) => pid);
  }
  return [...inside];
}

/** Bytes of memory that the program of a run holds. */
export const programBytes = (session: number): number =>
  programOf(session).reduce((sum, { residentBytes }) => sum + residentBytes, 0);

export function endProgram(session: number): void {
  for (const { pid } of programOf(session)) kill(pid);
}

/** Ends every process of the session that this process leads, and this one last: what has been started meanwhile is seen by the next look. */
export function endOwnSession(): void {
  for (let others = [process.pid]; others.length > 0;) {
    others = ofSession(process.pid).flatMap(({ pid }) => (pid === process.pid ? [] : [pid]));
    for (const pid of others) kill(pid);
  }
  process.kill(process.pid, 'SIGKILL');
}

const betweenLooksMs = 10;

/** Ends every process of the run, also one that took a session of its own: it has `mark` in its environment. */
export async function endAll(session: number, mark: string, clock: Clock): Promise<void> {
  for (;;) {
    const left = allProcesses().filter(
      (one) => !one.isZombie && (one.session === session || readProc(one.pid, 'environ')?.includes(mark) === true),
    );
    if (left.length === 0) return;
    for (const { pid } of left) kill(pid);
    await clock.sleep(betweenLooksMs);
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if (!isMissing(error)) throw error;
  }
}
