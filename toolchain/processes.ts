/** Child processes that never outlive their parent. */
import { spawn, type ChildProcess } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { failure } from '#runtime';

const alive = new Set<ChildProcess>();

function killAll(): void {
  for (const child of alive) child.kill('SIGKILL');
}

process.once('exit', killAll);

export interface Program {
  readonly name: string;
  readonly path: string;
  readonly args: readonly string[];
  readonly logFile: string;
  readonly env?: Readonly<Record<string, string>>;
}

export interface RunningProgram {
  readonly pid: number;
  /** Rejects, with the way to the log, when the program ends by itself. */
  readonly ended: Promise<number>;
  readonly exited: () => boolean;
  /** SIGTERM, then SIGKILL after `graceMs`. */
  stop(graceMs?: number): Promise<void>;
  kill(): Promise<void>;
}

/** Starts a program whose output goes to a log file. */
export function startProgram({ name, path, args, logFile, env }: Program): RunningProgram {
  const child = spawn(path, [...args], { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, ...env } });
  const log = createWriteStream(logFile, { flags: 'a' });
  child.stdout.pipe(log, { end: false });
  child.stderr.pipe(log, { end: false });
  alive.add(child);
  let over = false;
  const ended = new Promise<number>((resolve, reject) => {
    child.once('error', (error) => reject(failure('Internal', { what: `${name} could not be started: ${error.message}`, where: path })));
    child.once('exit', (code, signal) => {
      over = true;
      alive.delete(child);
      log.end();
      resolve(code ?? (signal === null ? 0 : 128));
    });
  });
  ended.catch(() => alive.delete(child));
  const signal = async (how: NodeJS.Signals): Promise<void> => {
    if (over) return;
    child.kill(how);
    await ended;
  };
  return {
    pid: child.pid ?? 0,
    ended,
    exited: () => over,
    kill: () => signal('SIGKILL'),
    stop: async (graceMs = 3000) => {
      const timer = setTimeout(() => child.kill('SIGKILL'), graceMs);
      await signal('SIGTERM');
      clearTimeout(timer);
    },
  };
}
