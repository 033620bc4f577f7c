/** Runs helm or kustomize: found on PATH or where the toolchain keeps it, bounded in time and in what it prints. */
import { dirname } from 'node:path';
import { Failure, failure, runProgram, systemClock, type ProgramResult } from '#runtime';
import type { Session } from '../session.ts';

export type ToolName = 'helm' | 'kustomize';

export interface ToolRun {
  readonly tool: ToolName;
  readonly args: readonly string[];
  readonly timeoutMs?: number;
  /** Beside the environment of the provider. */
  readonly environment?: Readonly<Record<string, string>>;
  /** Texts that no message may carry. */
  readonly secrets?: readonly string[];
}

const limits = { bytes: 64 * 2 ** 20, timeoutMs: 5 * 60_000, graceMs: 15_000, message: 2000 };

/** What it printed. @throws Failure ToolUnavailable, ToolFailed with what it says, TimedOut, FileTooLarge */
export async function runTool({ settings, signal }: Session, run: ToolRun): Promise<string> {
  const { tool, args, timeoutMs = limits.timeoutMs, environment = {}, secrets = [] } = run;
  const env = { ...defined(settings.environment), ...environment };
  env['PATH'] = await pathOf(tool, env);
  const result = await start(tool, args, { env, timeoutMs, signal });
  if (result.code !== 0) throw refusal(run, result, secrets);
  if (!result.truncated) return result.stdout;
  throw failure('FileTooLarge', {
    where: tool,
    what: 'it printed too much',
    expected: `at most ${limits.bytes} bytes`,
  });
}

interface Start {
  readonly env: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

async function start(tool: ToolName, args: readonly string[], options: Start): Promise<ProgramResult> {
  const { bytes: maxBytes, graceMs } = limits;
  try {
    return await runProgram(tool, args, { clock: systemClock, cwd: process.cwd(), maxBytes, graceMs, ...options });
  } catch (error) {
    if (!(error instanceof Failure) || error.reason !== 'ToolUnavailable') throw error;
    const parts = {
      what: `${tool} is neither on PATH nor in the toolchain's cache`,
      remedy: `run \`npm run toolchain\`, or install ${tool} ${tool === 'helm' ? '3.14 or newer (not 4)' : '5'} and put it on PATH`,
    };
    throw failure('ToolUnavailable', parts, { cause: error });
  }
}

/** What the toolchain keeps comes last; kustomize starts helm by its name. */
async function pathOf(tool: ToolName, env: Readonly<Record<string, string>>): Promise<string> {
  const { cachedPath, cacheFolder, tools } = await import('#toolchain');
  const cache = cacheFolder(env);
  const kept = [tool, 'helm' as const].map((name) => dirname(cachedPath(tools[name], cache)));
  return [env['PATH'] ?? '', ...kept].filter((folder) => folder !== '').join(':');
}

function refusal(
  { tool, args }: ToolRun,
  { code, endedBy, stderr }: ProgramResult,
  secrets: readonly string[],
): Failure {
  const said = stderr.replace(/^(WARNING: .*|Flag --\S+ has been deprecated.*|Use --debug flag .*|Error: )\n?/gm, '');
  const ended = endedBy === undefined ? `it ended with code ${code}` : `it was ended by ${endedBy}`;
  return failure('ToolFailed', {
    where: `${tool} ${args[0] ?? ''}`,
    what: masked(said.trim() || ended, secrets).slice(0, limits.message),
  });
}

/** The text without the secrets; very short ones would hide everything. */
export function masked(text: string, secrets: readonly string[]): string {
  const longestFirst = secrets.filter((each) => each.length > 2).sort((a, b) => b.length - a.length);
  return longestFirst.reduce((rest, each) => rest.replaceAll(each, '[secret]'), text);
}

const defined = (environment: Readonly<Record<string, string | undefined>>): Record<string, string> =>
  Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== undefined)) as Record<string, string>;
