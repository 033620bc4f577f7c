/** What the image holds is enough: the folder that the Dockerfile copies, as a user who may write nowhere else than in /tmp. */
import { chmod, chown, copyFile, cp, mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { execFileSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { configMap, kubeconfig, Platform, until } from '#testing';
import { startProcess, tools, type RunningProcess } from '#toolchain';

const root = join(import.meta.dirname, '..', '..');
const user = 65532;
let folder = '';
let running: RunningProcess | undefined;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'plumbline-image-'));
  await chmod(folder, 0o755);
});
afterAll(async () => {
  await running?.stop();
  await rm(folder, { recursive: true, force: true });
});

const infra = `
const k8s = require('@pulumi/kubernetes');
const metadata = { name: 'b', namespace: process.env.NAMESPACE };
exports.name = new k8s.core.v1.ConfigMap('b', { metadata, data: { made: 'by a program' } }).metadata.name;
`;

test('the image follows Git and runs Pulumi programs as a user who can write to /tmp only', async () => {
  const dockerfile = await readFile(join(root, 'Dockerfile'), 'utf8');
  const [, copied = ''] = /^COPY --from=build \/src\/build (\S+)$/m.exec(dockerfile) ?? [];
  const [, entry = '[]'] = /^ENTRYPOINT (.*)$/m.exec(dockerfile) ?? [];
  const [program, ...args] = JSON.parse(entry) as string[];
  expect({ program, ran: /^RUN node build\.ts$/m.test(dockerfile), user: `USER ${user}:${user}` }).toEqual({
    program: 'node',
    ran: true,
    user: /^USER .*$/m.exec(dockerfile)?.[0],
  });

  // As in the build stage: what .dockerignore lets through, and the packages.
  const source = join(folder, 'src');
  await mkdir(source);
  const ignore = (await readFile(join(root, '.dockerignore'), 'utf8')).split('\n');
  const sent = ignore.filter((line) => line.startsWith('!')).map((line) => line.slice(1));
  for (const path of sent) {
    await cp(join(root, path), join(source, path), { recursive: true, filter: (name) => !name.endsWith('.test.ts') });
  }
  execFileSync('ln', ['-s', join(root, 'node_modules'), join(source, 'node_modules')]);
  execFileSync(process.execPath, ['--disable-warning=ExperimentalWarning', 'build.ts'], { cwd: source });

  const [, ...toolchain] = /^RUN node (\S+) \/src\/(\S+) --into \/tools (.*)$/m.exec(dockerfile) ?? [];
  const [flag = '', main = '', names = ''] = toolchain;
  const bin = join(folder, 'image', 'usr', 'local', 'bin');
  execFileSync(process.execPath, [flag, main, '--into', bin, ...names.split(' ')], { cwd: source });
  for (const { name, version, versionArguments } of [tools.pulumi, tools.helm, tools.kustomize])
    expect(execFileSync(join(bin, name), [...versionArguments]).toString()).toContain(version);

  const image = join(folder, 'image');
  await cp(join(source, 'build'), join(image, copied), { recursive: true });
  await copyFile(process.execPath, join(image, 'node'));
  // As in the stage `packages`.
  const [, modules = ''] = /^COPY --from=packages \S+ (\S+)$/m.exec(dockerfile) ?? [];
  execFileSync('ln', ['-s', join(root, 'node_modules'), join(image, modules)]);
  await rm(source, { recursive: true });
  const tmp = join(folder, 'tmp');
  await mkdir(tmp);
  await copyFile(kubeconfig, join(tmp, 'kubeconfig'));
  const isRoot = process.getuid?.() === 0;
  if (isRoot) for (const path of [tmp, join(tmp, 'kubeconfig')]) await chown(path, user, user);
  execFileSync('chmod', ['-R', 'a-w,a+rX', image]);

  await using platform = await Platform.create({
    'app/a.yaml': configMap('a'),
    'infra/Pulumi.yaml': 'name: infra\nruntime: nodejs\n',
    'infra/index.js': infra,
  });
  const drop = ['--reuid', String(user), '--regid', String(user), '--clear-groups', '--no-new-privs'];
  const command = [
    join(image, 'node'),
    ...args.map((arg) => (arg.startsWith('--') ? arg : join(image, arg))),
    '--no-leader-election',
  ];
  const flags = ['--kubeconfig', join(tmp, 'kubeconfig'), '--probe-address', '127.0.0.1:0'];
  const [first = '', ...rest] = [...(isRoot ? ['setpriv', ...drop] : []), ...command, ...flags];
  const env = { PATH: `${image}:${bin}:/usr/bin:/bin`, HOME: tmp, TMPDIR: tmp };
  const logFile = join(folder, 'operator.log');
  running = await startProcess({ name: 'operator', program: first, args: rest, logFile, env, cwd: '/' });

  await platform.stack('app');
  await until(
    'the stack is Ready',
    async () => {
      await running?.check();
      return (await platform.configMap('a')) === undefined ? undefined : true;
    },
    60_000,
  );
  const commit = await platform.commit({ 'app/a.yaml': configMap('a', '2') });
  await platform.applied('app', commit);

  await platform.stack('infra', `engine: pulumi, timeout: 3m, pulumi: {env: {NAMESPACE: ${platform.namespace}}}`);
  const stack = await until('the program has run', () => platform.isReady('infra'), 200_000);
  expect(stack.status?.outputs).toEqual({ name: 'b' });
  expect((await platform.configMap('b'))?.data).toEqual({ made: 'by a program' });
  const writable = execFileSync('find', [image, '-perm', '/222', '-not', '-type', 'l']).toString();
  expect(writable).toBe('');
}, 480_000);
