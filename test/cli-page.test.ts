/** The page of the command line and the program, held together; the completion script in a real bash. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import type { Command } from 'commander';
import { buildProgram } from '../operator/cli/program.ts';

const root = join(import.meta.dirname, '..');
const page = readFileSync(join(root, 'docs', 'cli.md'), 'utf8');
const program = await buildProgram('plumbline', 'completion');
const verbs = program.commands.map((verb) => ({ name: verb.name(), verb }));
/** Those that most verbs share are explained once. */
const shared = ['--kubeconfig', '--context', '--namespace', '--output'];
const optionsOf = (verb: Command): string[] => verb.options.flatMap(({ long }) => (long ? [long] : []));

/** What the table of options says of a verb. */
const rowsOf = (name: string): string =>
  page
    .split('\n')
    .filter((line) => line.startsWith(`| \`${name}\` |`))
    .join('\n');

test.each(verbs)('$name is on the page with every option, and with none that it lacks', ({ name, verb }) => {
  expect(page).toMatch(new RegExp(`^\\| .*\`${name}[ \`]`, 'm'));
  const told = [...rowsOf(name).matchAll(/(--[a-z-]+)/g)].map(([option]) => option);
  const own = optionsOf(verb).filter((option) => !shared.includes(option));
  expect([...new Set(told)].sort()).toEqual(own.sort());
});

test('the options that verbs share are on the page', () => {
  for (const option of shared) expect(page).toContain(option);
});

test('--help and the page tell the exit codes', () => {
  let help = '';
  program.configureOutput({ writeOut: (text) => void (help += text) }).outputHelp();
  for (const code of ['0', '1', '2']) {
    expect(help).toMatch(new RegExp(`^ {2}${code} {2}\\w`, 'm'));
    expect(page).toMatch(new RegExp(`^\\| ${code} \\| \\w`, 'm'));
  }
});

test.each([
  [['plumbline', 'statu'], ['status']],
  [
    ['plumbline', 're'],
    ['reject', 'reconcile', 'resume'],
  ],
  [['plumbline', 'diff', '--re'], ['--revision']],
  [['plumbline', 'reconcile', 'app', '--with'], ['--with-source']],
  [['plumbline', 'status', '--nothing'], []],
])('bash completes %j to %j', (words, completed) => {
  const main = join(root, 'operator', 'cli', 'main.ts');
  const script = execFileSync(process.execPath, ['--disable-warning=ExperimentalWarning', main, 'completion', 'bash']);
  const ask = `
    eval "$(cat)"
    COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
    "$(complete -p plumbline | sed 's/.*-F \\([^ ]*\\).*/\\1/')"
    printf '%s\\n' "\${COMPREPLY[@]}"`;
  const out = execFileSync('bash', ['--norc', '-c', ask, 'bash', ...words], { input: script, encoding: 'utf8' });
  expect(out.split('\n').filter(Boolean)).toEqual(completed);
});
