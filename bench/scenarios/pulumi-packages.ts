/** Two Pulumi stacks whose repositories have the same lockfile: what the second one installs. */
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { versions } from '#plugins';
import { runProgram, systemClock } from '#runtime';
import { ProgramStack } from '../pulumi/stack.ts';
import { rounded, type Scenario } from '../report.ts';
import type { World } from '../world.ts';

const dependencies = { '@pulumi/pulumi': versions.pulumi, '@pulumi/kubernetes': versions.kubernetes };
const manifest = JSON.stringify({ private: true, dependencies });

/** As npm writes it; nothing is installed for that. */
async function lockfile(world: World): Promise<string> {
  const folder = join(world.folder, 'lockfile');
  await mkdir(folder);
  await writeFile(join(folder, 'package.json'), manifest);
  const args = ['install', '--package-lock-only', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];
  const { code, stderr } = await runProgram('npm', args, {
    clock: systemClock,
    cwd: folder,
    env: Object.fromEntries(
      Object.entries({ ...process.env, PATH: `${dirname(process.execPath)}:${process.env['PATH'] ?? ''}` }).flatMap(
        ([name, value]) => (value === undefined ? [] : [[name, value]]),
      ),
    ),
    timeoutMs: 5 * 60_000,
  });
  if (code !== 0) throw new Error(`npm: ${stderr}`);
  return readFile(join(folder, 'package-lock.json'), 'utf8');
}

/** npm leaves a log of each of its starts in its cache. */
async function starts(world: World): Promise<number> {
  const logs = join(world.folder, 'data', 'pulumi', 'packages', 'downloads', 'npm', '_logs');
  return (await readdir(logs).catch(() => [])).length;
}

export const pulumiPackages: Scenario = {
  name: 'pulumi-packages',
  about: 'two stacks of different repositories with the same lockfile',
  run: async (world) => {
    await world.startOperator();
    const files = { 'app/package.json': manifest, 'app/package-lock.json': await lockfile(world) };
    await using one = await ProgramStack.create(world, 'packages-one', { count: 1 }, files);
    await using two = await ProgramStack.create(world, 'packages-two', { count: 2 }, files);
    const first = await one.first();
    const installed = await starts(world);
    if (installed === 0) throw new Error('npm has left no log: its starts cannot be counted');
    const second = await two.first();
    const seconds = (ms: number): string => `${rounded(ms / 1000, 1)} s`;
    return [
      {
        what: 'starts of npm for a second stack of the same lockfile',
        value: (await starts(world)) - installed,
        unit: '',
        most: 0,
        from: `${installed} for the first; ready after ${seconds(first)}, the second after ${seconds(second)}`,
      },
    ];
  },
};
