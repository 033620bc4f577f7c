import { expect, test } from '@jest/globals';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { lean } from './run-program.ts';

const root = join(import.meta.dirname, '..', '..');

/** What a program that does this has at its end of the three packages, and what it answered. */
async function loadedBy(program: string): Promise<{ packages: string[]; answer: unknown }> {
  const script = `
const { runtime } = require('@pulumi/pulumi');
require('@pulumi/pulumi/cmd/run/tracing');
const base = 20;
(async () => {
  const answer = await (${program})();
  const files = Object.keys(require.cache);
  const packages = ['@npmcli/arborist', '@opentelemetry/sdk-trace-node', 'typescript'];
  console.log(JSON.stringify({ packages: packages.filter((name) => files.some((file) => file.includes('/node_modules/' + name + '/'))), answer }));
})();`;
  const { stdout } = await promisify(execFile)(process.execPath, [`--require=${lean}`, '-e', script], { cwd: root });
  return JSON.parse(stdout) as Awaited<ReturnType<typeof loadedBy>>;
}

test('what hardly any program uses is not loaded with the SDK', async () => {
  expect(await loadedBy('async () => typeof runtime.serializeFunction')).toEqual({ packages: [], answer: 'function' });
});

test('it is loaded for the program that uses it', async () => {
  const program = `async () => {
    require('@pulumi/pulumi/cmd/run/tracing').start('http://127.0.0.1:1/spans');
    const { text } = await runtime.serializeFunction(() => base + 1);
    return [text.includes('base + 1'), (await runtime.computeCodePaths()).size > 0];
  }`;
  expect(await loadedBy(program)).toEqual({
    packages: ['@npmcli/arborist', '@opentelemetry/sdk-trace-node', 'typescript'],
    answer: [true, true],
  });
});
