/** What a verb's file exports, and the exit codes that all verbs share. */
import type { Command } from 'commander';

export interface Verb {
  /** Adds the verb's arguments, options and action to its command. The action sets process.exitCode. */
  readonly define: (command: Command, context: VerbContext) => void;
}

export interface VerbContext {
  readonly environment: Readonly<Record<string, string | undefined>>;
}

export const exitCodes = {
  ok: 0,
  /** Different, stale or not ready. */
  different: 1,
  /** Wrong usage, or a failure. */
  failed: 2,
} as const;
