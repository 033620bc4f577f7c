/** `plumbline approve <plan|stack>`: lets a plan be applied. */
import type { Command } from 'commander';
import { defineWord } from './word.ts';

export const define = (command: Command): void => defineWord(command, 'approve');
