/**
 * `npm run toolchain [-- NAME...]`: gets the programs, all when none is named, and prints where each one is; with `--env`, the
 * lines for a shell that uses them; with `--into FOLDER`, copies of them in one folder.
 */
import { chmod, copyFile, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { asFailure, failure } from '#runtime';
import { shellLines, toolsByHand } from './by-hand.ts';
import { resolveTools } from './resolve.ts';
import { toolNames, type ToolName } from './tools.ts';

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: { env: { type: 'boolean', default: false }, into: { type: 'string' } },
});

function named(): readonly ToolName[] {
  const unknown = positionals.find((name) => !toolNames.some((tool) => tool === name));
  if (unknown !== undefined) {
    const remedy = 'correct the name';
    throw failure('CommandInvalid', {
      what: 'a program that the toolchain does not know',
      expected: `some of ${toolNames.join(', ')}`,
      found: unknown,
      remedy,
    });
  }
  return positionals.length === 0 ? toolNames : toolNames.filter((name) => positionals.includes(name));
}

async function show(names: readonly ToolName[]): Promise<void> {
  const found = await resolveTools(names);
  const rows = names.map((name) => [name, found[name].version, found[name].origin, found[name].path]);
  const table = [['PROGRAM', 'VERSION', 'FROM', 'PATH'], ...rows];
  const widths = [0, 1, 2].map((column) => Math.max(...table.map((row) => row[column]?.length ?? 0)));
  for (const row of table) {
    console.log(row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  '));
  }
  console.log('\nTo type pulumi by hand:  eval "$(npm run --silent toolchain -- --env)"');
}

/** As an image needs them: by their names, for everybody. */
async function copyInto(folder: string, names: readonly ToolName[]): Promise<void> {
  const found = await resolveTools(names);
  await mkdir(folder, { recursive: true });
  for (const name of names) {
    const file = join(folder, name);
    await copyFile(found[name].path, file);
    await chmod(file, 0o755);
  }
}

try {
  if (options.env) for (const line of await shellLines(await resolveTools(toolsByHand))) console.log(line);
  else if (options.into !== undefined) await copyInto(options.into, named());
  else await show(named());
} catch (error) {
  console.error(`toolchain: ${asFailure(error).message}`);
  process.exitCode = 1;
}
