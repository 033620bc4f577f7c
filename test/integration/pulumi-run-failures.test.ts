/** Programs that fail in every way, on the real engine: one sentence each, nothing left running, nothing shown that is secret. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { readdirSync, readFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { cluster, PulumiRuns, type Changes, type TestCluster } from '#testing';

let world: TestCluster;
let runs: PulumiRuns;

beforeAll(async () => {
  world = await cluster();
  runs = await PulumiRuns.create(world);
});
afterAll(async () => {
  await runs[Symbol.asyncDispose]();
  await world[Symbol.asyncDispose]();
});

/** Processes that have the folder of the runs in their environment. */
function left(): string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .filter((pid) => {
      try {
        return readFileSync(`/proc/${pid}/environ`, 'utf8').includes(`${runs.folder}/data/runs`);
      } catch {
        // It ended, or is not ours to look at.
        return false;
      }
    });
}

interface Case {
  readonly name: string;
  readonly program?: string;
  readonly files?: Readonly<Record<string, string>>;
  readonly changes?: Changes;
  readonly reason: string;
  readonly message: RegExp;
}

const secret = { key: 'password', value: 'hunter2hunter2', secret: true };
const typescript = 'name: shop\nruntime: nodejs\nmain: index.ts\n';
const pulumi = `const pulumi = require('@pulumi/pulumi');\n`;

const cases: readonly Case[] = [
  {
    name: 'throws, with a secret in the message',
    program: `${pulumi}throw new Error('cannot reach db with ' + new pulumi.Config().require('password'));`,
    changes: { config: [secret] },
    reason: 'ProgramFailed',
    message: /^\.: the program threw Error: cannot reach db with \[secret\]; correct the program$/,
  },
  {
    name: 'does not compile',
    program: 'const a = ;',
    reason: 'ProgramInvalid',
    message: /^\.: the program does not compile: SyntaxError: Unexpected token ';'; correct it$/,
  },
  {
    name: 'is TypeScript that does not parse',
    files: { 'Pulumi.yaml': typescript, 'index.ts': 'export const size: number = ;\n' },
    reason: 'ProgramInvalid',
    message: /^\.: the program does not compile: index\.ts.*Expression expected.*; correct it$/,
  },
  {
    name: 'asks for its types to be checked, and is wrong in them',
    files: { 'Pulumi.yaml': typescript, 'index.ts': "export const size: number = 'large';\n" },
    changes: { environment: { PULUMI_NODEJS_TRANSPILE_ONLY: 'false' }, limits: { timeoutMs: 180_000 } },
    reason: 'ProgramInvalid',
    message: /^\.: the program does not compile: index\.ts.*not assignable to type 'number'.*; correct it$/,
  },
  {
    name: 'imports what is not there',
    program: `require('left-pad');`,
    reason: 'ProgramInvalid',
    message: /^\.: the program imports left-pad, which is not there; add it to package\.json/,
  },
  {
    name: 'wants config that nobody gives',
    program: `${pulumi}new pulumi.Config('db').require('host');`,
    reason: 'ConfigMissing',
    message: /^\.: the program needs config db:host; give it in spec\.pulumi\.config/,
  },
  {
    name: 'ends itself early',
    program: `${pulumi}setTimeout(() => undefined, 1e6); process.exit(0);`,
    reason: 'ProgramFailed',
    message: /^\.: the program ended itself before it was done; take process\.exit\(\) out/,
  },
  {
    name: 'loops for ever',
    program: 'for (;;);',
    changes: { limits: { timeoutMs: 6000, graceMs: 500 } },
    reason: 'TimedOut',
    message: /^\.: the run did not end within 6 s; raise spec\.timeout/,
  },
  {
    name: 'eats memory outside of its heap',
    program: `const all = []; setInterval(() => all.push(Buffer.alloc(64 * 1024 * 1024, 1)), 20);`,
    changes: { limits: { memoryMiB: 400 } },
    reason: 'MemoryExceeded',
    message: /^\.: the program exceeded 400 MiB of memory; raise spec\.pulumi\.memoryMiB/,
  },
  {
    name: 'eats memory in its heap',
    program: `const all = []; setInterval(() => all.push(Array.from({ length: 1e5 }, (_, n) => ({ n }))), 0);`,
    changes: { limits: { memoryMiB: 400 } },
    reason: 'MemoryExceeded',
    message: /^\.: the program exceeded 400 MiB of memory; raise spec\.pulumi\.memoryMiB/,
  },
  {
    name: 'prints for ever',
    program: `const line = 'x'.repeat(1e6); setInterval(() => console.log(line), 50);`,
    reason: 'OutputExceeded',
    message: /^\.: the program printed more than 64 MiB; make it print less/,
  },
  {
    name: 'starts a program, and reads files of the operator',
    program: `require('child_process').execFileSync('id');`,
    reason: 'ProgramFailed',
    message: /^\.: the program may not start programs, load native code, or use files that are not its own/,
  },
  {
    name: 'uses a provider that is not installed',
    program: `${pulumi}new pulumi.CustomResource('nowhere:index:Thing', 'thing', {});`,
    reason: 'ProviderMissing',
    message: /^the resource plugin pulumi-resource-nowhere is not installed; put it into the operator's plugin folder/,
  },
  {
    name: 'is of another project',
    program: '',
    changes: { project: 'till' },
    reason: 'ProjectInvalid',
    message: /^Pulumi\.yaml: another project, expected till, found shop; correct spec\.pulumi\.project or the file$/,
  },
  {
    name: 'is in no folder with Pulumi.yaml',
    files: { 'Pulumi.yaml': 'name: shop\nruntime: nodejs\n', 'other/index.js': '' },
    changes: { path: 'other' },
    reason: 'ProjectInvalid',
    message: /^other: there is no Pulumi\.yaml; commit one, or correct spec\.path$/,
  },
  {
    name: 'is written in another language',
    files: { 'Pulumi.yaml': 'name: shop\nruntime: python\n' },
    reason: 'ProjectInvalid',
    message: /^Pulumi\.yaml: runtime, expected nodejs, found python; write the program in TypeScript/,
  },
  {
    name: 'widens what it may do',
    files: {
      'Pulumi.yaml': 'name: shop\nruntime: {name: nodejs, options: {nodeargs: "--allow-fs-read=*"}}\n',
      'index.js': '',
    },
    reason: 'ProjectInvalid',
    message:
      /^Pulumi\.yaml: runtime\.options\.nodeargs: --allow-fs-read=\* is not for the program to say; leave it out$/,
  },
  {
    name: 'is of another project than its Pulumi stack',
    program: '',
    changes: { pulumiStack: 'organization/till/dev' },
    reason: 'ProjectInvalid',
    message: /^Pulumi\.yaml: another project, expected till, found shop; correct spec\.pulumi\.stack or the file$/,
  },
  {
    name: 'is given a variable that would run code elsewhere',
    program: '',
    changes: { environment: { NODE_OPTIONS: '--require=/evil.js' } },
    reason: 'ConfigInvalid',
    message: /^spec\.pulumi\.env: NODE_OPTIONS is set by the operator; leave it out$/,
  },
  {
    name: 'has secrets of another passphrase in its stack file',
    files: {
      'index.js': '',
      'Pulumi.dev.yaml': 'encryptionsalt: v1:1Cz3aXl9Gpw=:v1:6Z3ZOhJvMaCBYT7x:4hA6fZf0LLdNGzDqjnUHxhT2K1p0Mg==\n',
    },
    reason: 'PassphraseWrong',
    message: /^the secrets in the stack file of the repository were encrypted with another passphrase; put that/,
  },
  {
    name: 'runs as an account that is not there',
    program: '',
    changes: { account: { namespace: 'default', name: 'nobody' } },
    reason: 'ServiceAccountNotFound',
    message: /^ServiceAccount\/default\/nobody does not exist; create it, or correct spec\.serviceAccountName$/,
  },
];

describe('a program that', () => {
  test.each(cases)('$name gets a sentence of its own', async ({ program, files, changes, reason, message }) => {
    await runs.write(files ?? { 'index.js': program ?? '' });
    const failed: unknown = await runs.run('preview', changes).catch((error: unknown) => error);
    expect({ reason: 'none', ...(failed as object), message: (failed as Error).message }).toMatchObject({
      reason,
      message: expect.stringMatching(message) as unknown,
    });
    expect(JSON.stringify([failed, runs.events])).not.toContain('hunter2');
    expect(left()).toEqual([]);
  });
});

test('a provider that ends as soon as it is started is named', async () => {
  const folder = join(runs.folder, 'data', 'plugins', 'resource-broken-v1.0.0');
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'pulumi-resource-broken'), '#!/bin/sh\nexit 3\n', { mode: 0o755 });
  await runs.write({
    'index.js': `${pulumi}new pulumi.CustomResource('broken:index:Thing', 'thing', {}, { version: '1.0.0' });`,
  });
  await expect(runs.run('preview')).rejects.toMatchObject({
    reason: 'ProviderFailed',
    message:
      "the plugin pulumi-resource-broken does not start: exit status 3; put one that does into the operator's plugin folder; the log of the run has what it said",
  });
  expect(left()).toEqual([]);
});

test('a state that was written with another passphrase is told of', async () => {
  await runs.write({ 'index.js': `${pulumi}exports.key = pulumi.secret('sesame');` });
  await runs.run('up', { pulumiStack: 'sealed' });
  const { backend } = runs.request('up');
  const environment = { ...backend.environment, PULUMI_CONFIG_PASSPHRASE: 'another one' };
  const failed = runs.run('up', { pulumiStack: 'sealed', backend: { ...backend, environment } });
  await expect(failed).rejects.toMatchObject({
    reason: 'PassphraseWrong',
    message: expect.stringMatching(/^the state was encrypted with another passphrase; put that one into/) as unknown,
  });
  expect(left()).toEqual([]);
});

test('a run that is called off ends its processes, and says why', async () => {
  await runs.write({ 'index.js': `console.log('here'); setInterval(() => undefined, 1000);` });
  const calling = new AbortController();
  const why = new Error('a newer commit');
  const running = runs.run(
    'up',
    {},
    { signal: calling.signal, onEvent: (event) => void (event.kind === 'output' && calling.abort(why)) },
  );
  await expect(running).rejects.toBe(why);
  expect(left()).toEqual([]);
});
