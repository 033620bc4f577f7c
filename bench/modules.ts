/** Installs what programs depend on, once for all programs that name the same packages. */
import { createHash } from 'node:crypto';
import { mkdir, readFile, rename, symlink, writeFile } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { runProgram, systemClock } from '#runtime';

interface Manifest {
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
}

const installWithinMs = 10 * 60_000;

/** Links node_modules into the program. `cache` keeps what was installed. @throws Error with what npm said */
export async function provideModules(program: string, cache: string): Promise<void> {
  const {
    dependencies = {},
    devDependencies = {},
    peerDependencies = {},
  } = JSON.parse(await readFile(join(program, 'package.json'), 'utf8')) as Manifest;
  const wanted = JSON.stringify({ private: true, dependencies, devDependencies, peerDependencies });
  const lock = await readFile(join(program, 'package-lock.json'), 'utf8').catch(() => '');
  const folder = join(cache, createHash('sha256').update(wanted).update(lock).digest('hex').slice(0, 16));
  if (!existsSync(folder))
    await install(folder, { 'package.json': wanted, ...(lock ? { 'package-lock.json': lock } : {}) });
  await symlink(join(folder, 'node_modules'), join(program, 'node_modules'));
}

async function install(folder: string, files: Readonly<Record<string, string>>): Promise<void> {
  const fresh = `${folder}.${process.pid}`;
  await mkdir(fresh, { recursive: true });
  for (const [name, text] of Object.entries(files)) await writeFile(join(fresh, name), text);
  const args = ['install', '--no-audit', '--no-fund', '--loglevel=error', '--prefer-offline'];
  const { PATH = '', HOME = '' } = process.env;
  const { code, stderr } = await runProgram('npm', args, {
    clock: systemClock,
    cwd: fresh,
    env: { ...strings(process.env), PATH: `${PATH}:${dirname(process.execPath)}`, HOME },
    timeoutMs: installWithinMs,
  });
  if (code !== 0) throw new Error(`npm install: ${stderr.trim().split('\n').slice(0, 3).join(' ')}`);
  await rename(fresh, folder);
}

const strings = (environment: NodeJS.ProcessEnv): Record<string, string> =>
  Object.fromEntries(
    Object.entries(environment).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  );
