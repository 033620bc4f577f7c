/** Go durations, as everywhere in Kubernetes: `1h30m`, `90s`, `250ms`. */
const units: Readonly<Record<string, number>> = { h: 3_600_000, m: 60_000, s: 1000, ms: 1 };
export const durationPattern = '^([0-9]+(\\.[0-9]+)?(ms|s|m|h))+$';

/** Milliseconds. @throws RangeError when the text is no duration. */
export function parseDuration(text: string): number {
  if (!new RegExp(durationPattern).test(text)) throw new RangeError(`expected a duration like 1m30s, found ${text}`);
  let ms = 0;
  for (const [, number, unit = ''] of text.matchAll(/([0-9.]+)(ms|s|m|h)/g)) ms += Number(number) * (units[unit] ?? 0);
  return ms;
}
