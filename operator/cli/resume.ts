/** `plumbline resume <name>`: the operator looks after a stack, or a source, again. */
import type { Command } from 'commander';
import { defineSwitch } from './suspension.ts';

export const define = (command: Command): void => defineSwitch(command, false);
