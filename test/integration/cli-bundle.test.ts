/** The built command, copied out of the repository: alone, on the PATH, and as `kubectl plumbline`. */
import { execFile } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readFile, rename, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { cluster, kubeconfig } from '#testing';
import { toolPaths } from '#toolchain';

const root = join(import.meta.dirname, '..', '..');
let folder = '';
let bin = '';

interface Said {
  readonly code: number;
  readonly out: string;
  readonly error: string;
}

function run(program: string, ...args: readonly string[]): Promise<Said> {
  const env = {
    HOME: folder,
    KUBECONFIG: kubeconfig,
    PATH: [bin, dirname(process.execPath), '/usr/bin', '/bin'].join(delimiter),
  };
  return new Promise((resolve) => {
    execFile(program, args, { cwd: folder, env }, (error, out, err) =>
      resolve({ code: error === null ? 0 : Number(error.code), out, error: err }),
    );
  });
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'plumbline-bundle-'));
  const made = join(folder, 'made');
  await promisify(execFile)(process.execPath, ['build.ts', made], { cwd: root });
  // Moved after it was made, so that nothing in it can rest on where it was made.
  await rename(made, join(folder, 'plumbline'));
  bin = join(folder, 'bin');
  await mkdir(bin);
  for (const name of ['plumbline', 'kubectl-plumbline']) {
    await symlink(join(folder, 'plumbline', 'plumbline.js'), join(bin, name));
  }
  await symlink((await toolPaths(['kubectl'])).kubectl, join(bin, 'kubectl'));
  await (await cluster())[Symbol.asyncDispose]();
}, 60_000);
afterAll(() => rm(folder, { recursive: true, force: true }));

test('it is an executable that tells its version, and that package.json names', async () => {
  const { bin: programs, version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'));
  expect(programs).toEqual({ plumbline: 'build/plumbline.js', 'kubectl-plumbline': 'build/plumbline.js' });
  const built = JSON.parse(await readFile(join(folder, 'plumbline', 'package.json'), 'utf8'));
  expect(built).toMatchObject({ version, bin: { plumbline: 'plumbline.js', 'kubectl-plumbline': 'plumbline.js' } });
  expect((await stat(join(folder, 'plumbline', 'plumbline.js'))).mode & 0o111).toBe(0o111);
  expect(await run('plumbline', '--version')).toEqual({ code: 0, out: `${version}\n`, error: '' });
});

test('as a plugin of kubectl it reaches the cluster, and calls itself so', async () => {
  expect(await run('kubectl', 'plumbline', 'status', '-n', 'default')).toEqual({
    code: 0,
    out: 'no stacks\n',
    error: '',
  });
  expect((await run('kubectl', 'plumbline', '--help')).out).toMatch(/^Usage: kubectl plumbline /);
  const wrong = await run('kubectl', 'plumbline', 'status', 'nowhere/none');
  expect(wrong.code).toBe(2);
  expect(wrong.error).toMatch(/^plumbline: there is no Stack called nowhere\/none in namespace nowhere/);
});

test('install finds the charts that travel with it', async () => {
  const { code, out } = await run('plumbline', 'install', '--dry-run');
  expect(code).toBe(0);
  expect(out).toContain('CustomResourceDefinition.apiextensions.k8s.io/stacks.plumbline.dev applied (dry run)\n');
  expect(out).toContain('Deployment.apps/plumbline-system/plumbline');
});

test('init makes a repository whose npm scripts and whose `plumbline synth` make the same files', async () => {
  expect(await run('plumbline', 'init', 'platform')).toMatchObject({ code: 0 });
  const platform = join(folder, 'platform');
  // What `npm install` would fetch.
  await symlink(join(root, 'node_modules'), join(platform, 'node_modules'));
  expect(await run('sh', '-c', 'cd platform && npm run --silent synth && npm run --silent typecheck')).toMatchObject({
    code: 0,
  });
  expect(await run('plumbline', 'synth', 'platform', '--check')).toEqual({ code: 0, out: '', error: '' });
  await writeFile(join(platform, 'dist', 'stacks', 'common.yaml'), 'edited: true\n');
  const stale = await run('plumbline', 'synth', 'platform', '--check');
  expect(stale).toMatchObject({ code: 1, out: expect.stringContaining('stale dist/stacks/common.yaml') });
}, 60_000);

test('an old Node gets a sentence', async () => {
  const old = join(folder, 'old');
  await writeFile(
    old,
    `#!/bin/sh\nexec "${process.execPath}" --import 'data:text/javascript,Object.defineProperty(process.versions,"node",{value:"20.1.0"})' "$@"\n`,
  );
  await chmod(old, 0o755);
  expect(await run(old, join(folder, 'plumbline', 'plumbline.js'), '--version')).toEqual({
    code: 2,
    out: '',
    error: 'plumbline: Node 20.1.0 is too old, expected 24 or newer; put a newer node first on the PATH\n',
  });
});

test.each(['language-nodejs/pulumi-language-nodejs', 'kubernetes/pulumi-resource-kubernetes'])(
  'the plugin %s listens, tells its port and ends when it is told to',
  async (launcher) => {
    const { code, out, error } = await run(
      'sh',
      '-c',
      `plumbline/plugins/${launcher} 127.0.0.1:1 >port & sleep 0.05
      until [ -s port ]; do sleep 0.05; done; cat port; kill $!; wait $!`,
    );
    expect({ code, error }).toEqual({ code: 0, error: '' });
    expect(Number(out)).toBeGreaterThan(1023);
  },
);
