import { tmpdir } from 'node:os';
import { expect, test } from '@jest/globals';
import { systemClock } from './clock.ts';
import { runProgram, type ProgramOptions } from './run-program.ts';

const run = (script: string, options: Partial<ProgramOptions> = {}, ...args: string[]): ReturnType<typeof runProgram> =>
  runProgram(process.execPath, ['-e', script, '--', ...args], {
    clock: systemClock,
    cwd: tmpdir(),
    env: {},
    timeoutMs: 10_000,
    ...options,
  });

test('gives both outputs and the exit code', async () => {
  const result = await run("console.log('out'); console.error('err'); process.exitCode = 3");
  expect(result).toEqual({ code: 3, endedBy: undefined, stdout: 'out\n', stderr: 'err\n', truncated: false });
});

test('arguments are passed as they are, whatever a shell would make of them', async () => {
  const words = ['$(id)', '; rm -rf x', '"\'', 'two words'];
  const { stdout } = await run('console.log(JSON.stringify(process.argv.slice(1)))', {}, ...words);
  expect(JSON.parse(stdout)).toEqual(words);
});

test('the environment is what is given, and nothing of ours', async () => {
  const { stdout } = await run('console.log(JSON.stringify(process.env))', { env: { ONLY: 'this' } });
  expect(JSON.parse(stdout)).toEqual({ ONLY: 'this' });
});

test('input is read', async () => {
  const { stdout } = await run('process.stdin.pipe(process.stdout)', { input: 'hello' });
  expect(stdout).toBe('hello');
});

test('input that is not read does no harm', async () => {
  const { code } = await run('process.exit(0)', { input: 'x'.repeat(1_000_000) });
  expect(code).toBe(0);
});

test('output over the bound is dropped, and said so', async () => {
  const { stdout, truncated, code } = await run("process.stdout.write('x'.repeat(300_000))", { maxBytes: 1000 });
  expect([stdout.length, truncated, code]).toEqual([1000, true, 0]);
});

test('a program that takes too long is ended and reported', async () => {
  await expect(run('setInterval(() => {}, 1000)', { timeoutMs: 50 })).rejects.toMatchObject({ reason: 'TimedOut' });
});

test('a program that does not heed SIGTERM is killed after the grace', async () => {
  const script = "process.on('SIGTERM', () => {}); setInterval(() => {}, 1000)";
  await expect(run(script, { timeoutMs: 200, graceMs: 50 })).rejects.toMatchObject({ reason: 'TimedOut' });
});

test('an aborted signal ends it with its reason, and an aborted one starts nothing', async () => {
  const stop = new AbortController();
  const running = run('setInterval(() => {}, 1000)', { signal: stop.signal });
  stop.abort(new Error('newer commit'));
  await expect(running).rejects.toThrow('newer commit');
  await expect(run('', { signal: stop.signal })).rejects.toThrow('newer commit');
});

test('what the program leaves running ends with it, and holds nothing up', async () => {
  // The child keeps the output open: while it lives, the run cannot end.
  const script = `
    const { spawn } = require('node:child_process');
    spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'inherit' }).unref();`;
  expect(await run(script)).toMatchObject({ code: 0 });
});

test('a program that is not there is named', async () => {
  const options = { clock: systemClock, cwd: tmpdir(), env: {}, timeoutMs: 1000 };
  await expect(runProgram('no-such-program', [], options)).rejects.toMatchObject({
    reason: 'ToolUnavailable',
    message: expect.stringMatching(/^no-such-program: could not be started: /),
  });
});
