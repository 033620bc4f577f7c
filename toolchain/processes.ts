/** Starts long-running programs that can never outlive this process, however it ends. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { randomBytes } from 'node:crypto';
import { mkdir, open, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { failure } from '#runtime';
import { lastLines } from './command.ts';

export interface ProcessOptions {
  /** Its name in messages. */
  readonly name: string;
  readonly program: string;
  readonly args: readonly string[];
  /** Both outputs are appended to this file. */
  readonly logFile: string;
  readonly env?: NodeJS.ProcessEnv;
  readonly cwd?: string;
}

export interface RunningProcess {
  readonly name: string;
  readonly pid: number;
  readonly logFile: string;
  readonly running: boolean;
  /** Resolves with the exit code, or the name of the signal that ended it. */
  readonly ended: Promise<number | string>;
  /** Sends the signal (SIGTERM when not given) and waits for the end. */
  stop(signal?: NodeJS.Signals): Promise<number | string>;
  /** Throws ToolFailed with the last lines of the log when it has ended. */
  check(): Promise<void>;
}

/**
 * Reads `add <pid>`, `drop <pid>` and `folder <path>`; when its input ends, because we ended or were killed, it kills
 * each process (a group of its own) and removes each folder. This is what makes even SIGKILL of us leave nothing behind.
 */
const guardScript = `
trap '' INT TERM HUP
pids=' '
folders=
while read -r verb value; do
  case $verb in
    add) pids="$pids$value " ;;
    drop) case $pids in *" $value "*) pids="\${pids%% $value *} \${pids#* $value }" ;; esac ;;
    folder) folders="$folders$value
" ;;
  esac
done
for pid in $pids; do kill -s KILL -- "-$pid" 2>/dev/null; done
# Until they are gone, for five seconds at most: what is being killed may still create a file.
tries=50
for pid in $pids; do
  while [ $tries -gt 0 ] && kill -s 0 -- "-$pid" 2>/dev/null; do
    tries=$((tries - 1))
    sleep 0.1
  done
done
printf '%s' "$folders" | while IFS= read -r folder; do
  rm -rf -- "$folder" || { sleep 1; rm -rf -- "$folder"; }
done
`;

const alive = new Set<number>();
let guard: ChildProcess | undefined;

function tellGuard(line: string): void {
  if (guard === undefined) {
    guard = spawn('sh', ['-c', guardScript], { stdio: ['pipe', 'ignore', 'ignore'], detached: true });
    guard.unref();
    // The pipe must not keep our event loop alive; Node's types do not know that it is a socket.
    const { stdin } = guard;
    (stdin as { unref?: () => void } | null)?.unref?.();
    stdin?.on('error', () => undefined);
    process.once('exit', killAll);
  }
  guard.stdin?.write(`${line}\n`);
}

/** On an orderly exit the processes are gone before we are; the guard covers every other end. */
function killAll(): void {
  for (const pid of alive) kill(pid, 'SIGKILL');
}

function kill(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal);
  } catch {
    // It has ended between the check and the signal.
  }
}

/** Has the folder removed once this process has ended, in whatever way. */
export function removeAtEnd(folder: string): void {
  tellGuard(`folder ${folder}`);
}

/** A new folder of this user's that is removed in the same way. Its removal is arranged first, so that no moment is missed. */
export async function temporaryFolder(prefix: string): Promise<string> {
  const folder = join(tmpdir(), `${prefix}${randomBytes(6).toString('hex')}`);
  removeAtEnd(folder);
  await mkdir(folder, { mode: 0o700 });
  return folder;
}

/** Starts a program in a process group of its own, so that Ctrl-C in the terminal reaches us first. */
export async function startProcess(options: ProcessOptions): Promise<RunningProcess> {
  const { name, program, args, logFile } = options;
  const log = await open(logFile, 'a');
  try {
    const child = spawn(program, args, {
      stdio: ['ignore', log.fd, log.fd],
      detached: true,
      env: options.env ?? process.env,
      ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    });
    const { pid } = child;
    if (pid === undefined) {
      const [cause] = (await once(child, 'error')) as [Error];
      throw failure('ToolFailed', { what: `${name} did not start`, where: program, found: cause.message }, { cause });
    }
    return supervise(child, pid, { name, logFile });
  } finally {
    await log.close();
  }
}

function supervise(
  child: ChildProcess,
  pid: number,
  { name, logFile }: { readonly name: string; readonly logFile: string },
): RunningProcess {
  alive.add(pid);
  tellGuard(`add ${pid}`);
  child.unref();
  let running = true;
  const ended = new Promise<number | string>((resolve) => {
    child.once('exit', (code, signal) => {
      running = false;
      alive.delete(pid);
      tellGuard(`drop ${pid}`);
      resolve(code ?? signal ?? 0);
    });
  });
  return {
    name,
    pid,
    logFile,
    ended,
    get running() {
      return running;
    },
    stop: (signal = 'SIGTERM') => {
      // While somebody waits for the end, the child has to keep the event loop alive.
      if (running) child.ref();
      if (running) kill(pid, signal);
      return ended;
    },
    check: async () => {
      if (running) return;
      const log = lastLines(await readFile(logFile, 'utf8').catch(() => ''));
      throw failure('ToolFailed', {
        what: `${name} ended early (${await ended})`,
        found: log,
        remedy: `read ${logFile}`,
      });
    },
  };
}
