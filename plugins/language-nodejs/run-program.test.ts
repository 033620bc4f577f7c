/** The runner of @pulumi/pulumi is started as it expects, and its end is told as the engine expects. */
import { expect, test } from '@jest/globals';
import { readOptions } from './program.ts';
import { lean, nodeArguments, resultOf, runnerArguments, runnerEnvironment, type Run } from './run-program.ts';

const run: Run = {
  program: { root: '/srv/platform', folder: '/srv/platform/infra', entryPoint: 'index.ts', options: readOptions({}) },
  engine: '127.0.0.1:1',
  monitor: '127.0.0.1:2',
  organization: '',
  project: 'shop',
  stack: 'dev',
  dryRun: true,
  parallel: 4,
  args: ['more'],
  config: new Map([['shop:region', 'north']]),
  secretKeys: ['shop:token'],
};

test('flags come first, then the entry point, then the arguments of the program; what is empty is left out', () => {
  const given = runnerArguments(run);
  expect(given.slice(-3)).toEqual(['--dry-run', 'index.ts', 'more']);
  expect(given.join(' ')).toBe(
    '--monitor 127.0.0.1:2 --engine 127.0.0.1:1 --project shop --root-directory /srv/platform --stack dev --pwd /srv/platform/infra --parallel 4 --dry-run index.ts more',
  );
});

test('Node is given what the project says, and may read what is loaded before the program', () => {
  const given = (nodeargs: string): string[] => nodeArguments({ ...run.program, options: readOptions({ nodeargs }) });
  expect(given('--no-warnings')).toEqual(['--no-warnings', `--require=${lean}`]);
  expect(given('--permission')).toEqual(['--permission', `--allow-fs-read=${lean}`, `--require=${lean}`]);
});

test('configuration and TypeScript go by the environment', () => {
  expect(runnerEnvironment(run)).toEqual({
    PULUMI_CONFIG: '{"shop:region":"north"}',
    PULUMI_CONFIG_SECRET_KEYS: '["shop:token"]',
    PULUMI_NODEJS_TYPESCRIPT: 'true',
  });
  const options = readOptions({ typescript: false, tsconfig: 'tsconfig.pulumi.json' });
  const environment = runnerEnvironment({ ...run, program: { ...run.program, options } });
  expect(environment).not.toHaveProperty('PULUMI_NODEJS_TYPESCRIPT');
  expect(environment).toMatchObject({ PULUMI_NODEJS_TSCONFIG_PATH: 'tsconfig.pulumi.json' });
});

test.each([
  [0, null, '', false],
  [32, null, '', true],
  [1, null, 'Program exited with non-zero exit code: 1', false],
  [null, 'SIGKILL', 'Program was ended by SIGKILL', false],
  [null, 'SIGABRT', 'Program aborted, most likely out of memory', false],
  [134, null, 'Program aborted, most likely out of memory', false],
] as const)('exit code %s, signal %s', (code, signal, error, bail) => {
  const result = resultOf(code, signal);
  expect(result.bail).toBe(bail);
  expect(result.error.startsWith(error)).toBe(true);
});
