/** `plumbline suspend <name>`: the operator leaves a stack, or a source, alone. */
import type { Command } from 'commander';
import { defineSwitch } from './suspension.ts';

export const define = (command: Command): void => defineSwitch(command, true);
