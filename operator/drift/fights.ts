/** Sees who undoes a correction again and again: slows down against machines, reports against anybody. */
import type { ObjectKey } from '#kube';

/** A machine undoes at once: this many corrections within this time slow the next one down. */
const rapid = { heals: 5, withinMs: 10_000 };
/** A fight worth reporting: this many corrections of one object within this time, at whatever speed. */
const reported = { heals: 5, withinMs: 5 * 60_000 };
const firstDelayMs = 1000;
const longestDelayMs = 5 * 60_000;

interface Record {
  /** When the object was corrected, within the time that counts. */
  readonly heals: readonly number[];
  /** When a correction was last made or tried. */
  readonly lastMs: number;
  readonly delayMs: number;
}

const nothing: Record = { heals: [], lastMs: -Infinity, delayMs: 0 };

/** Counts corrections object by object, so that a fight over one never slows another. */
export class Fights {
  readonly #records = new Map<string, Record>();

  /** Milliseconds to wait before the object may be corrected again; 0 for at once. */
  delayMs(key: ObjectKey, now: number): number {
    const { lastMs, delayMs } = this.#records.get(key) ?? nothing;
    return delayMs === 0 ? 0 : Math.max(0, lastMs + delayMs - now);
  }

  /** Notes a correction; true when the object is fought over. */
  healed(key: ObjectKey, now: number): boolean {
    const { heals: before, lastMs, delayMs } = this.#records.get(key) ?? nothing;
    const heals = [...before.filter((at) => at > now - reported.withinMs), now];
    const quick = heals.filter((at) => at > now - rapid.withinMs).length >= rapid.heals;
    const quiet = now - lastMs > Math.max(delayMs * 2, rapid.withinMs);
    const slower = quick || (delayMs > 0 && !quiet);
    this.#records.set(key, { heals, lastMs: now, delayMs: slower ? longer(delayMs) : 0 });
    this.#forgetOld(now);
    return heals.length >= reported.heals;
  }

  /** Notes a correction that the API server refused: the next try waits longer each time. */
  failed(key: ObjectKey, now: number): void {
    const { heals, delayMs } = this.#records.get(key) ?? nothing;
    this.#records.set(key, { heals, lastMs: now, delayMs: longer(delayMs) });
  }

  /** Epoch milliseconds at which the fight over the object is over if nobody goes on; undefined when there is none. */
  untilMs(key: string, now: number): number | undefined {
    const first = this.#records.get(key)?.heals.at(-reported.heals);
    return first === undefined || first + reported.withinMs <= now ? undefined : first + reported.withinMs;
  }

  #forgetOld(now: number): void {
    for (const [key, { lastMs, delayMs }] of this.#records)
      if (now - lastMs > Math.max(reported.withinMs, delayMs * 2)) this.#records.delete(key);
  }
}

const longer = (delayMs: number): number => Math.min(Math.max(delayMs * 2, firstDelayMs), longestDelayMs);
