/** Sees who undoes a correction again and again: slows down against machines, reports against anybody. */
import type { ObjectKey } from '#kube';

/** A machine undoes at once: this many corrections within this time slow the next one down. */
const rapid = { heals: 5, withinMs: 10_000 };
/** A fight worth reporting: this many corrections of one object within this time, at whatever speed. */
const reported = { heals: 5, withinMs: 5 * 60_000 };
const firstDelayMs = 1000;
const longestDelayMs = 5 * 60_000;

interface Record {
  heals: number[];
  delayMs: number;
}

/** Counts corrections object by object, so that a fight over one never slows another. */
export class Fights {
  readonly #records = new Map<ObjectKey, Record>();

  /** Milliseconds to wait before the object may be corrected again; 0 for at once. */
  delayMs(key: ObjectKey, now: number): number {
    const record = this.#records.get(key);
    if (record === undefined || record.delayMs === 0) return 0;
    return Math.max(0, (record.heals.at(-1) ?? 0) + record.delayMs - now);
  }

  /** Notes a correction; true when the object is fought over. */
  healed(key: ObjectKey, now: number): boolean {
    const record = this.#records.get(key) ?? { heals: [], delayMs: 0 };
    record.heals = [...record.heals.filter((at) => at > now - reported.withinMs), now];
    const quick = record.heals.filter((at) => at > now - rapid.withinMs).length >= rapid.heals;
    const quiet = now - (record.heals.at(-2) ?? 0) > Math.max(record.delayMs * 2, rapid.withinMs);
    if (quick || (record.delayMs > 0 && !quiet)) {
      record.delayMs = Math.min(Math.max(record.delayMs * 2, firstDelayMs), longestDelayMs);
    } else record.delayMs = 0;
    this.#records.set(key, record);
    return record.heals.length >= reported.heals;
  }

  /** Notes a correction that the API server refused: the next try waits longer each time. */
  failed(key: ObjectKey, now: number): void {
    const { heals, delayMs } = this.#records.get(key) ?? { heals: [], delayMs: 0 };
    this.#records.set(key, {
      heals: [...heals, now],
      delayMs: Math.min(Math.max(delayMs * 2, firstDelayMs), longestDelayMs),
    });
  }

  /** Objects fought over now. */
  active(now: number): ObjectKey[] {
    const active: ObjectKey[] = [];
    for (const [key, { heals, delayMs }] of this.#records) {
      const recent = heals.filter((at) => at > now - reported.withinMs).length;
      if (recent >= reported.heals) active.push(key);
      else if (recent === 0 && delayMs === 0) this.#records.delete(key);
    }
    return active;
  }
}
