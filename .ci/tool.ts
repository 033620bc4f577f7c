/** Runs a development tool by its package's own program, on the Node that runs this: `tool.ts eslint .` */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

const programs: Readonly<Record<string, string>> = {
  eslint: 'eslint/bin/eslint.js',
  prettier: 'prettier/bin/prettier.cjs',
  tsc: 'typescript/bin/tsc',
};
const [name = '', ...args] = process.argv.slice(2);
const program = programs[name];
if (program === undefined) throw new Error(`unknown tool ${name}; expected ${Object.keys(programs).join(', ')}`);
const { status } = spawnSync(process.execPath, [join('node_modules', program), ...args], { stdio: 'inherit' });
process.exitCode = status ?? 1;
