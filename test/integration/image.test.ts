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

/** What the Dockerfile says, as far as the test follows it. */
async function readDockerfile() {
  const text = await readFile(join(root, 'Dockerfile'), 'utf8');
  const found = (pattern: RegExp): string[] => (pattern.exec(text) ?? []).slice(1);
  const [bundle = ''] = found(/^COPY --from=build \/src\/build (\S+)$/m);
  const [modules = ''] = found(/^COPY --from=packages \S+ (\S+)$/m);
  const [toolFlag = '', toolMain = '', toolNames = ''] = found(/^RUN node (\S+) \/src\/(\S+) --into \/tools (.*)$/m);
  const [entry = '[]'] = found(/^ENTRYPOINT (.*)$/m);
  const [program = '', ...args] = JSON.parse(entry) as string[];
  expect({ program, ran: /^RUN node build\.ts$/m.test(text), user: found(/^USER (.*)$/m) }).toEqual({
    program: 'node',
    ran: true,
    user: [`${user}:${user}`],
  });
  return { bundle, modules, args, tools: [toolFlag, toolMain, '--into', '/tools', ...toolNames.split(' ')] };
}

type Dockerfile = Awaited<ReturnType<typeof readDockerfile>>;

/** The stages `build`, `tools` and `packages`: from what .dockerignore lets through, and the packages. */
async function makeImage({ bundle, modules, tools: toolchain }: Dockerfile, image: string): Promise<string> {
  const source = join(folder, 'src');
  await mkdir(source);
  const ignore = (await readFile(join(root, '.dockerignore'), 'utf8')).split('\n');
  const sent = ignore.filter((line) => line.startsWith('!')).map((line) => line.slice(1));
  for (const path of sent) {
    await cp(join(root, path), join(source, path), { recursive: true, filter: (name) => !name.endsWith('.test.ts') });
  }
  execFileSync('ln', ['-s', join(root, 'node_modules'), join(source, 'node_modules')]);
  execFileSync(process.execPath, ['--disable-warning=ExperimentalWarning', 'build.ts'], { cwd: source });
  const bin = join(image, 'usr', 'local', 'bin');
  const into = toolchain.map((argument) => (argument === '/tools' ? bin : argument));
  execFileSync(process.execPath, into, { cwd: source });
  await cp(join(source, 'build'), join(image, bundle), { recursive: true });
  await copyFile(process.execPath, join(bin, 'node'));
  execFileSync('ln', ['-s', join(root, 'node_modules'), join(image, modules)]);
  await rm(source, { recursive: true });
  execFileSync('chmod', ['-R', 'a-w,a+rX', image]);
  return bin;
}

/** As the user of the image, who has a folder to write to. */
async function start(image: string, bin: string, args: readonly string[]): Promise<RunningProcess> {
  const tmp = join(folder, 'tmp');
  await mkdir(tmp);
  await copyFile(kubeconfig, join(tmp, 'kubeconfig'));
  const isRoot = process.getuid?.() === 0;
  if (isRoot) for (const path of [tmp, join(tmp, 'kubeconfig')]) await chown(path, user, user);
  const drop = ['--reuid', String(user), '--regid', String(user), '--clear-groups', '--no-new-privs'];
  const entry = [join(bin, 'node'), ...args.map((arg) => (arg.startsWith('--') ? arg : join(image, arg)))];
  const flags = ['--no-leader-election', '--kubeconfig', join(tmp, 'kubeconfig'), '--probe-address', '127.0.0.1:0'];
  const [program = '', ...rest] = [...(isRoot ? ['setpriv', ...drop] : []), ...entry, ...flags];
  const env = { PATH: `${bin}:/usr/bin:/bin`, HOME: tmp, TMPDIR: tmp };
  return startProcess({ name: 'operator', program, args: rest, logFile: join(folder, 'operator.log'), env, cwd: '/' });
}

test('the image follows Git and runs Pulumi programs as a user who can write to /tmp only', async () => {
  const dockerfile = await readDockerfile();
  const image = join(folder, 'image');
  const bin = await makeImage(dockerfile, image);
  for (const { name, version, versionArguments } of [tools.pulumi, tools.helm, tools.kustomize])
    expect(execFileSync(join(bin, name), [...versionArguments]).toString()).toContain(version);

  await using platform = await Platform.create({
    'app/a.yaml': configMap('a'),
    'infra/Pulumi.yaml': 'name: infra\nruntime: nodejs\n',
    'infra/index.js': infra,
  });
  running = await start(image, bin, dockerfile.args);
  await platform.stack('app');
  await until(
    'the stack is Ready',
    async () => {
      await running?.check();
      return platform.configMap('a');
    },
    60_000,
  );
  const commit = await platform.commit({ 'app/a.yaml': configMap('a', '2') });
  await platform.applied('app', commit);

  await platform.stack('infra', `engine: pulumi, timeout: 3m, pulumi: {env: {NAMESPACE: ${platform.namespace}}}`);
  const stack = await until(
    'the program has run, or cannot',
    async () => {
      const found = await platform.get('infra');
      const ready = found?.status?.conditions?.find(({ type }) => type === 'Ready');
      const isStalled = found?.status?.conditions?.some(({ type, status }) => type === 'Stalled' && status === 'True');
      return ready?.status === 'True' || isStalled === true ? { ...found?.status, said: ready?.message } : undefined;
    },
    200_000,
  );
  expect(stack).toMatchObject({ outputs: { name: 'b' } });
  expect((await platform.configMap('b'))?.data).toEqual({ made: 'by a program' });
  const writable = execFileSync('find', [image, '-perm', '/222', '-not', '-type', 'l']).toString();
  expect(writable).toBe('');
}, 480_000);
