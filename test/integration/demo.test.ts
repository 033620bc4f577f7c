/** The demo, told to stop in the middle: no process and no file stays behind. */
import { execFileSync, spawn } from 'node:child_process';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { until } from '#testing';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'plumbline-stop-'));
});
afterAll(async () => rm(folder, { recursive: true, force: true }));

test.each([
  ['SIGTERM', 'while the control plane starts', /starting a control plane/],
  ['SIGINT', 'while the operator works', /it runs as ServiceAccount/],
] as const)(
  '%s %s leaves nothing behind',
  async (signal, _, moment) => {
    const args = ['--disable-warning=ExperimentalWarning', join(import.meta.dirname, '..', '..', 'demo', 'main.ts')];
    const demo = spawn(process.execPath, args, {
      env: { ...process.env, TMPDIR: folder },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let output = '';
    let ended = false;
    demo.once('close', () => (ended = true));
    demo.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
    await until('the demo is there', () => Promise.resolve(moment.test(output) ? true : undefined), 120_000);
    demo.kill(signal);
    await until('the demo has ended', () => Promise.resolve(ended ? true : undefined), 60_000);
    await until(
      'its processes and files are gone',
      async () => {
        const running = execFileSync('ps', ['-eo', 'args']).toString().includes(folder);
        return !running && (await readdir(folder)).length === 0 ? true : undefined;
      },
      60_000,
    );
    expect(output).not.toContain('The cluster hangs true to Git.');
  },
  240_000,
);
