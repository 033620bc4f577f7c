/** When an object is looked at again: a timer is the safety net, what it waits for comes by event. */
import { backoffMs, type BackoffLimits, type Failure, type Outcome } from '#runtime';

export interface NextRunInput {
  readonly result: Outcome | Failure;
  /** Failures in a row, this one included. */
  readonly attempt: number;
  readonly intervalMs: number;
  readonly retryIntervalMs: number | undefined;
  readonly now: number;
  readonly random: () => number;
}

export const retryLimits: BackoffLimits = { firstMs: 1000, longestMs: 5 * 60_000 };
/** A deadline that has passed, and is given again, must not become a loop without a pause. */
const afterDeadlineMs = 1000;

export function nextRunMs({ result, attempt, intervalMs, retryIntervalMs, now, random }: NextRunInput): number {
  if ('kind' in result) {
    if (result.kind === 'settled' || result.untilMs === undefined) return intervalMs;
    return result.untilMs > now ? result.untilMs - now : afterDeadlineMs;
  }
  if (result.retry === 'on-change') return intervalMs;
  return Math.max(retryIntervalMs ?? backoffMs(attempt, retryLimits, random), result.retryAfterMs ?? 0);
}
