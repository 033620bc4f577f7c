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
      const line = { time: new Date(clock.now()).toISOString(), level: name, message, ...bound, ...fields };
      write(`${JSON.stringify(line, readable)}\n`);
    };
  return {
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
    with: (fields) => createLog({ ...options, fields: { ...bound, ...fields } }),
  };
}

function readable(_key: string, value: unknown): unknown {
  if (value instanceof Failure) return { reason: value.reason, message: value.message };
  if (value instanceof Error)
    return { name: value.name, message: value.message, stack: value.stack, cause: value.cause };
  return value;
}
