/** Options of Pulumi.yaml are read as the official host reads them, and a wrong one is named. */
import { expect, test } from '@jest/globals';
import { readOptions, splitWords } from './program.ts';

test('without options TypeScript is compiled, and the lock file says which package manager', () => {
  expect(readOptions({})).toEqual({
    typescript: true,
    tsconfig: undefined,
    nodeargs: [],
    packageManager: undefined,
  });
});

test('what is set is taken', () => {
  const options = {
    typescript: false,
    tsconfig: 'a.json',
    nodeargs: '--inspect --title "a b"',
    packagemanager: 'pnpm',
  };
  expect(readOptions(options)).toEqual({
    typescript: false,
    tsconfig: 'a.json',
    nodeargs: ['--inspect', '--title', 'a b'],
    packageManager: 'pnpm',
  });
});

test.each([
  [{ typescript: 'yes' }, 'Pulumi.yaml: runtime.options.typescript: expected true or false, found "yes"'],
  [{ tsconfig: 1 }, 'Pulumi.yaml: runtime.options.tsconfig: expected the path of a file, found 1'],
  [{ nodeargs: ['--inspect'] }, 'runtime.options.nodeargs: expected a text'],
  [{ nodeargs: '--title "a' }, 'runtime.options.nodeargs: expected closed quotes, found "--title \\"a"'],
  [{ packagemanager: 'cargo' }, 'expected auto, npm, yarn, pnpm, bun, found "cargo"'],
])('%j is refused', (options, message) => {
  expect(() => readOptions(options)).toThrow(message);
});

test.each([
  ['', []],
  ['  --a   --b ', ['--a', '--b']],
  [`--a='b c' d`, ['--a=b c', 'd']],
  [String.raw`"a \"b\" \n" c\ d`, [String.raw`a "b" \n`, 'c d']],
  [`'' ""`, ['', '']],
  [`'$HOME' *`, ['$HOME', '*']],
])('%j is split as a shell would', (text, words) => {
  expect(splitWords(text)).toEqual(words);
});
