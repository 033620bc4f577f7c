/** `plumbline reject <plan|stack>`: keeps a plan from being applied. */
import type { Command } from 'commander';
import { defineWord } from './word.ts';

export const define = (command: Command): void => defineWord(command, 'reject');
