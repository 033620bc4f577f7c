/** Memory of the processes of Pulumi runs, as /proc tells of it, by what each of them is. */
import { readdirSync, readFileSync } from 'node:fs';

export const roles = ['program', 'engine', 'language host', 'provider', 'run', 'other'] as const;
export type Role = (typeof roles)[number];

/** MiB. */
export interface Peaks {
  /** Resident, the highest of each. */
  readonly resident: Map<Role, number>;
  /** All but the program together; without what is in files, which the kernel may drop and all of them share. */
  beside: number;
  /** All together, counted so. */
  all: number;
}

/** Looks again and again until it is stopped; several looks a second see every compilation. */
export class MemoryWatch implements Disposable {
  readonly peaks: Peaks = { resident: new Map(), beside: 0, all: 0 };
  readonly #folder: string;
  readonly #timer: NodeJS.Timeout;

  /** `folder` is the one in which the runs are. */
  constructor(folder: string, everyMs = 50) {
    this.#folder = folder;
    this.#timer = setInterval(() => this.#look(), everyMs);
  }

  #look(): void {
    let beside = 0;
    let all = 0;
    for (const { role, residentMiB, ownMiB } of runProcesses(this.#folder)) {
      this.peaks.resident.set(role, Math.max(this.peaks.resident.get(role) ?? 0, residentMiB));
      all += ownMiB;
      if (role !== 'program') beside += ownMiB;
    }
    this.peaks.beside = Math.max(this.peaks.beside, beside);
    this.peaks.all = Math.max(this.peaks.all, all);
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }
}

interface RunProcess {
  readonly role: Role;
  readonly residentMiB: number;
  readonly ownMiB: number;
}

/** A run names its folders to every process of it. */
function* runProcesses(folder: string): Generator<RunProcess> {
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    const environment = read(pid, 'environ');
    if (environment?.includes(`\0HOME=${folder}/`) !== true) continue;
    const rollup = read(pid, 'smaps_rollup') ?? '';
    const residentMiB = Number(/^Rss: +(\d+) kB$/m.exec(rollup)?.[1] ?? 0) / 1024;
    const ownMiB = Number(/^Anonymous: +(\d+) kB$/m.exec(rollup)?.[1] ?? 0) / 1024;
    yield { role: roleOf(read(pid, 'cmdline') ?? ''), residentMiB, ownMiB };
  }
}

/** What ended while it was looked at is not there. */
function read(pid: string, name: string): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/${name}`, 'utf8');
  } catch {
    return undefined;
  }
}

function roleOf(commandLine: string): Role {
  const [program = ''] = commandLine.split('\0');
  if (commandLine.includes('preload.cjs')) return 'program';
  if (commandLine.includes('language-nodejs')) return 'language host';
  if (commandLine.includes('plugins/kubernetes') || commandLine.includes('resource-kubernetes')) return 'provider';
  if (/(^|\/)pulumi$/.test(program)) return 'engine';
  return /run\/child\.ts|pulumi-run\.js/.test(commandLine) ? 'run' : 'other';
}
