/** `npm run toolchain`: gets every program and prints where each one is; with `--env`, the lines for a shell that uses them. */
import { parseArgs } from 'node:util';
import { asFailure } from '#runtime';
import { shellLines, toolsByHand } from './by-hand.ts';
import { resolveTools } from './resolve.ts';
import { toolNames } from './tools.ts';

const { values: options } = parseArgs({ options: { env: { type: 'boolean', default: false } } });

async function show(): Promise<void> {
  const found = await resolveTools(toolNames);
  const rows = toolNames.map((name) => [name, found[name].version, found[name].origin, found[name].path]);
  const table = [['PROGRAM', 'VERSION', 'FROM', 'PATH'], ...rows];
  const widths = [0, 1, 2].map((column) => Math.max(...table.map((row) => row[column]?.length ?? 0)));
  for (const row of table) {
    console.log(row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  '));
  }
  console.log('\nTo type pulumi by hand:  eval "$(npm run --silent toolchain -- --env)"');
}

try {
  if (options.env) for (const line of await shellLines(await resolveTools(toolsByHand))) console.log(line);
  else await show();
} catch (error) {
  console.error(`toolchain: ${asFailure(error).message}`);
  process.exitCode = 1;
}
