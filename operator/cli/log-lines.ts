/** Lines of the operator's log: put together from pieces, chosen by object, made readable. Pure. */
import { colour } from './output.ts';

export interface LogFilter {
  readonly kind: string;
  /** namespace/name */
  readonly id: string;
}

/** Whole lines of a stream of bytes; the last one may lack its end. */
export async function* linesOf(pieces: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const piece of pieces) {
    const lines = `${rest}${decoder.decode(piece, { stream: true })}`.split('\n');
    rest = lines.pop() ?? '';
    yield* lines.filter((line) => line !== '');
  }
  if (rest !== '') yield rest;
}

type Fields = Readonly<Record<string, unknown>>;

/** Undefined for a line that is not the operator's own, such as Node's last words. */
export function parseLine(line: string): Fields | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null && 'message' in value ? { ...value } : undefined;
  } catch {
    return undefined;
  }
}

/** Lines without an object are about the operator itself: only an unfiltered look shows them. */
export const matches = (line: string, filter: LogFilter | undefined): boolean => {
  if (filter === undefined) return true;
  const fields = parseLine(line);
  return fields?.['kind'] === filter.kind && fields['key'] === filter.id;
};

const levels = { debug: 'dim', info: 'green', warn: 'yellow', error: 'red' } as const;

/** `2026-11-24T21:30:00.000Z info  Stack shop/app  message  field=value`; what is no JSON stays as it is. */
export function readable(line: string): string {
  const fields = parseLine(line);
  if (fields === undefined) return line;
  const { time, level, message, kind, key, ...rest } = fields;
  const word = plain(level);
  const style = Object.hasOwn(levels, word) ? levels[word as keyof typeof levels] : 'dim';
  const object = [kind, key].filter((part) => part !== undefined).map(plain);
  const more = Object.entries(rest).map(([name, value]) => colour('dim', `${name}=${plain(value)}`));
  const head = `${colour('dim', plain(time))} ${colour(style, word.padEnd(5))}`;
  return [head, ...(object.length === 0 ? [] : [colour('bold', object.join(' '))]), plain(message), ...more].join('  ');
}

const plain = (value: unknown): string => (typeof value === 'string' ? value : (JSON.stringify(value) ?? ''));
