/** What processes take, as /proc tells. */
import { readFileSync } from 'node:fs';

/** Clock ticks of a second, the same on every Linux. */
const ticks = 100;

/** Seconds of a core that the process and its children that have ended took so far. */
export function cpuSeconds(pid: number): { readonly own: number; readonly children: number } {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  // The name of the program, in brackets, may hold anything.
  const fields = stat
    .slice(stat.lastIndexOf(')') + 2)
    .split(' ')
    .map(Number);
  const [user = NaN, system = NaN, childrenUser = NaN, childrenSystem = NaN] = fields.slice(11, 15);
  return { own: (user + system) / ticks, children: (childrenUser + childrenSystem) / ticks };
}

/** Command lines of the processes that it has started and that have not ended. */
export function childrenOf(pid: number): string[] {
  const ids = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean);
  return ids.map((id) => readFileSync(`/proc/${id}/cmdline`, 'utf8').replaceAll('\0', ' ').trim());
}
