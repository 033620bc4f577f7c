/** `plumbline init <folder>`: a new platform repository, ready to install, synthesise and commit. */
import { cp, mkdir, readdir, rename, writeFile } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import type { Command } from 'commander';
// eslint-disable-next-line no-restricted-imports -- the versions stand in one place; no room exports them
import packageJson from '../../package.json' with { type: 'json' };
import { failure } from '#runtime';
import { packageRoot } from './package-root.ts';

/** The sample that every new platform starts from. */
const sample = ['platform', 'bootstrap', 'addons', 'common', 'backend', 'frontend', 'stacks', 'podinfo'];
/** The constructs are typed by the kinds' own definitions, which import nothing, so both are copied. */
const notForCopies = /\.test\.ts$|[/\\]generate\.ts$/;

export function define(command: Command): void {
  command.argument('<folder>', 'a folder that is empty or does not exist').action(async (folder: string) => {
    await initialise(folder, packageRoot());
    process.stdout.write(`made ${folder}; next: cd ${folder} && npm install && npm run synth\n`);
  });
}

/** @throws Failure CommandInvalid when the folder holds anything but .git. */
export async function initialise(folder: string, root: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  const found = (await readdir(folder)).filter((name) => name !== '.git');
  if (found.length > 0) {
    throw failure('CommandInvalid', {
      what: `${folder} is not empty`,
      found: found.slice(0, 3).join(', '),
      remedy: 'name a new folder',
    });
  }
  const source = join(root, 'charts');
  const target = join(folder, 'charts');
  const filter = (path: string): boolean => !notForCopies.test(path);
  await cp(join(source, 'template'), folder, { recursive: true });
  // Kept as text in the template: its imports resolve in the copy only.
  await rename(join(target, 'main.ts.txt'), join(target, 'main.ts'));
  await cp(join(source, 'constructs'), join(target, 'constructs'), { recursive: true, filter });
  await cp(join(root, 'operator', 'api'), join(target, 'api'), { recursive: true, filter });
  for (const name of sample) await cp(join(source, `${name}.ts`), join(target, `${name}.ts`));
  await cp(join(root, 'stacks'), join(folder, 'stacks'), { recursive: true });
  await cp(join(root, 'tsconfig.json'), join(folder, 'tsconfig.json'));
  await writeFile(join(folder, 'package.json'), packageFile(resolve(folder)));
  await writeFile(join(folder, '.gitignore'), 'node_modules/\n');
}

function packageFile(folder: string): string {
  const pick = (from: Readonly<Record<string, string>>, names: readonly string[]): Record<string, string> =>
    Object.fromEntries(names.map((name) => [name, from[name] ?? '*']));
  const content = {
    name: basename(folder)
      .toLowerCase()
      .replace(/[^a-z0-9-]+/g, '-'),
    private: true,
    type: 'module',
    engines: { node: '>=24' },
    imports: { '#api': './charts/api/index.ts', '#constructs': './charts/constructs/index.ts' },
    // Plain commands, so that the repository also synthesises where the command plumbline is not installed.
    scripts: {
      synth: 'rm -rf dist && node charts/main.ts',
      check: 'npm run synth && test -z "$(git status --porcelain -- dist)"',
      typecheck: 'tsc --noEmit',
    },
    dependencies: pick(packageJson.dependencies, [
      '@pulumi/kubernetes',
      '@pulumi/pulumi',
      'cdk8s',
      'cdk8s-plus-27',
      'constructs',
    ]),
    devDependencies: pick(packageJson.devDependencies, ['@types/node', 'typescript']),
  };
  return `${JSON.stringify(content, undefined, 2)}\n`;
}
