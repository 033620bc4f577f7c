/** Structured logs: one JSON line each, to standard error. */
import type { Clock } from './clock.ts';
import { Failure } from './failure.ts';

const levels = ['debug', 'info', 'warn', 'error'] as const;
export type Level = (typeof levels)[number];
export type Fields = Readonly<Record<string, unknown>>;

export interface Log {
  debug(message: string, fields?: Fields): void;
  info(message: string, fields?: Fields): void;
  warn(message: string, fields?: Fields): void;
  error(message: string, fields?: Fields): void;
  /** A log whose lines all carry the fields. */
  with(fields: Fields): Log;
}

export interface LogOptions {
  readonly level: Level;
  readonly clock: Clock;
  readonly write?: (line: string) => void;
  readonly fields?: Fields;
}

export function createLog(options: LogOptions): Log {
  const { level, clock, write = (line) => void process.stderr.write(line), fields: bound = {} } = options;
  const least = levels.indexOf(level);
  const at =
    (name: Level) =>
    (message: string, fields: Fields = {}): void => {
      if (levels.indexOf(name) < least) return;
      const head = { time: new Date(clock.now()).toISOString(), level: name, message };
      // Our own three come first and win over fields of the same name.
      write(`${text({ ...head, ...bound, ...fields, ...head })}\n`);
    };
  return {
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
    with: (fields) => createLog({ ...options, fields: { ...bound, ...fields } }),
  };
}

/** A line is never worth an error: what JSON cannot say is left out, and said so. */
function text(line: Fields): string {
  try {
    return JSON.stringify(line, readable);
  } catch (error) {
    const { time, level, message } = line;
    return JSON.stringify({ time, level, message, unreadable: String(error) });
  }
}

/** Names of fields whose values are never written. */
const secretName = /^(password|passphrase|token|secret|authorization|privateKey|stringData)$/i;
const mask = '***';

function readable(key: string, value: unknown): unknown {
  if (secretName.test(key) && value !== undefined) return mask;
  if (value instanceof Failure) return { reason: value.reason, message: value.message };
  if (value instanceof Error)
    return { name: value.name, message: value.message, stack: value.stack, cause: value.cause };
  if (typeof value === 'bigint') return value.toString();
  if (isSecret(value)) return { ...value, data: mask };
  return value;
}

/** A Secret of Kubernetes, wherever in a line it stands. */
const isSecret = (value: unknown): value is { readonly data: unknown } =>
  typeof value === 'object' &&
  value !== null &&
  'data' in value &&
  value.data !== mask &&
  'kind' in value &&
  value.kind === 'Secret';
