/** `npm run toolchain`: gets every program and prints where each one is. */
import { asFailure } from '#runtime';
import { resolveTools } from './resolve.ts';
import { toolNames } from './tools.ts';

try {
  const found = await resolveTools(toolNames);
  const rows = toolNames.map((name) => [name, found[name].version, found[name].origin, found[name].path]);
  const table = [['PROGRAM', 'VERSION', 'FROM', 'PATH'], ...rows];
  const widths = [0, 1, 2].map((column) => Math.max(...table.map((row) => row[column]?.length ?? 0)));
  for (const row of table) {
    console.log(row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  '));
  }
} catch (error) {
  console.error(`toolchain: ${asFailure(error).message}`);
  process.exitCode = 1;
}
