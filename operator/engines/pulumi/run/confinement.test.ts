import { expect, test } from '@jest/globals';
import { nodeArguments } from './confinement.ts';

const reach = { reads: ['/run/tree'], writes: ['/run/tmp'], memoryMiB: 64 };

test('our arguments come before those of the project, so that nothing is loaded ahead of the limits', () => {
  const written = nodeArguments('--import tsx --enable-source-maps', reach).split(' ');
  expect(written.slice(-3)).toEqual(['--import', 'tsx', '--enable-source-maps']);
  expect(written.slice(0, -3)).toEqual([
    '--max-old-space-size=64',
    expect.stringMatching(/^--require=.*\/preload\.cjs$/),
    '--permission',
    '--allow-fs-read=/run/tree',
    expect.stringMatching(/^--allow-fs-read=.*\/preload\.cjs$/),
    '--allow-fs-write=/run/tmp',
  ]);
});

test.each([
  '--allow-fs-read=*',
  '--allow_fs_read=*',
  '--no-permission',
  '--expose-internals',
  '--env-file=x',
  '--inspect',
])('the argument %s is refused', (argument) => {
  expect(() => nodeArguments(`--no-warnings ${argument}`, reach)).toThrow(`${argument} is not for the program to say`);
});
