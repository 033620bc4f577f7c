/** How long to wait before the next try. */

export interface BackoffLimits {
  readonly firstMs: number;
  readonly longestMs: number;
}

/** Doubles with every attempt (1 for the first), spread over 75-125 % so that many do not come at once. */
export function backoffMs(attempt: number, { firstMs, longestMs }: BackoffLimits, random: () => number): number {
  const plain = Math.min(firstMs * 2 ** Math.min(attempt - 1, 30), longestMs);
  return Math.round(plain * (0.75 + random() / 2));
}
