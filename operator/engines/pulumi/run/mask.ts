/** Takes the secret values that a run knows out of everything that it tells. */

const mask = '[secret]';
/** A shorter value is a part of too many words. */
const shortest = 4;

/** A function that returns its argument with each known secret replaced, in whichever of the usual writings it stands. */
export function masking(secrets: readonly string[]): <T>(value: T) => T {
  const found = [...new Set(secrets.flatMap(writings))].filter((one) => one.length >= shortest);
  // The longest first, so that what holds another secret goes as a whole.
  const pattern = found
    .sort((a, b) => b.length - a.length)
    .map((one) => one.replaceAll(/[\\^$.*+?()[\]{}|]/g, String.raw`\$&`));
  if (pattern.length === 0) return (value) => value;
  const any = new RegExp(pattern.join('|'), 'g');
  const text = (value: string): string => value.replace(any, mask);
  const walk = (value: unknown): unknown => {
    if (typeof value === 'string') return text(value);
    if (Array.isArray(value)) return value.map(walk);
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [text(key), walk(inner)]));
  };
  return <T>(value: T) => walk(value) as T;
}

/** As it is, as base64, as it stands in JSON and in an address, and line by line where it has several. */
function writings(secret: string): string[] {
  const lines = secret
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line.length >= 2 * shortest);
  return [
    secret,
    secret.trim(),
    Buffer.from(secret).toString('base64'),
    Buffer.from(secret).toString('base64url'),
    JSON.stringify(secret).slice(1, -1),
    encodeURIComponent(secret),
    ...(lines.length > 1 ? lines : []),
  ];
}
