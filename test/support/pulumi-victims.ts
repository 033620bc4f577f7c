/** The processes of a run, by what they are, for tests that kill them. */
import { readdirSync, readFileSync } from 'node:fs';
import type { PulumiRuns } from './pulumi-runs.ts';

export const victims = ['engine', 'program', 'provider', 'run', 'all'] as const;
export type Victim = (typeof victims)[number];

const marks: Readonly<Record<Victim, RegExp>> = {
  engine: /^pulumi\0up/,
  program: /cmd\/run/,
  provider: /plugins\/kubernetes\/main/,
  run: /run\/child\.ts/,
  all: /./,
};

/** SIGKILL, as a machine that runs out of memory would do it. */
export function killProcesses({ folder }: PulumiRuns, victim: Victim): void {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid);
  for (const pid of pids.filter((name) => isOne(name, folder, victim))) end(Number(pid));
}

function isOne(pid: string, folder: string, victim: Victim): boolean {
  try {
    const ours = readFileSync(`/proc/${pid}/environ`, 'utf8').includes(`HOME=${folder}/data/runs`);
    return ours && marks[victim].test(readFileSync(`/proc/${pid}/cmdline`, 'utf8'));
  } catch {
    // It ended while it was looked at.
    return false;
  }
}

function end(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It ended by itself.
  }
}
