/** Runs a program to its end and hands back what it printed; a failure carries the last lines of its output. */
import { spawn } from 'node:child_process';
import { failure } from '#runtime';

export interface CommandOptions {
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
  readonly timeoutMs?: number;
}

/** The standard output of a program. Throws ToolUnavailable when it is missing, fails, or takes too long. */
export function run(program: string, args: readonly string[], options: CommandOptions = {}): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      stdio: ['ignore', 'pipe', 'pipe'],
      ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
      env: { ...process.env, ...options.env },
      ...(options.timeoutMs === undefined ? {} : { timeout: options.timeoutMs, killSignal: 'SIGKILL' }),
    });
    let out = '';
    let err = '';
    child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (err = (err + chunk.toString()).slice(-8192)));
    const fail = (found: string, cause?: unknown): void => {
      const where = [program, ...args.slice(0, 2)].join(' ');
      reject(failure('ToolUnavailable', { what: 'the command failed', where, found }, { cause }));
    };
    child.on('error', (error) => fail(error.message, error));
    child.on('close', (code, signal) => {
      if (code === 0) return resolve(out);
      fail(lastLines(err || out) || `exit ${code ?? signal ?? 'unknown'}`);
    });
  });
}

/** The last few lines that say something, on one line. */
export function lastLines(text: string, count = 3): string {
  const lines = text.split('\n').map((line) => line.trim());
  return lines
    .filter((line) => line !== '')
    .slice(-count)
    .join(' | ');
}
