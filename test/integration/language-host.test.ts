/** The language host, as the real command line uses it: what the program gets, and how its end is told. No cluster is asked. */
import { execFileSync } from 'node:child_process';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, expect, test } from '@jest/globals';
import { PulumiProgram, until } from '#testing';

let desk: PulumiProgram;
const preview = ['preview', '--stack', 'dev'];

beforeAll(async () => {
  desk = await PulumiProgram.create('');
});

/** Replaces Pulumi.yaml's options of the runtime. */
const options = (text: string): Promise<void> =>
  writeFile(
    join(desk.folder, 'Pulumi.yaml'),
    `name: shop\nmain: index.ts\nruntime: {name: nodejs, options: {${text}}}\n`,
  );

test('a program gets configuration, secrets and arguments of Node; its output is shown, its error once', async () => {
  await options('typescript: false, nodeargs: "--max-old-space-size=700 --title=\'our program\'"');
  await desk.succeed(['config', 'set', 'region', 'north', '--stack', 'dev']);
  await desk.succeed(['config', 'set', '--secret', 'token', 'hush-hush', '--stack', 'dev']);
  await desk.write(`
    const config = new pulumi.Config();
    console.log('out', config.require('region'), process.title, process.execArgv[0]);
    console.error('err', pulumi.runtime.isDryRun());
    pulumi.log.info(pulumi.interpolate\`token \${config.requireSecret('token')}\` as never);
    throw new Error('no such luck');`);
  const { code, said } = await desk.run(preview);
  expect(code).not.toBe(0);
  expect(said).toContain('out north our program --max-old-space-size=700');
  expect(said).toContain('err true');
  expect(said.match(/no such luck/g)).toHaveLength(1);
  expect(said).not.toMatch(/hush-hush|non-zero exit code|warning/i);
});

test('a program that leaves early is told with its exit code', async () => {
  await desk.write('process.exit(3);');
  expect((await desk.run(preview)).said).toContain('Program exited with non-zero exit code: 3');
});

test('TypeScript is checked by the compiler where Pulumi.yaml does not say otherwise', async () => {
  await options('');
  await writeFile(join(desk.folder, 'package.json'), '{"name": "program"}');
  await writeFile(join(desk.folder, 'tsconfig.json'), '{"compilerOptions": {"strict": true, "types": ["node"]}}');
  await writeFile(join(desk.folder, 'index.ts'), 'enum Size { Small = 1 }\nexport const size: string = Size.Small;\n');
  const { code, said } = await desk.run(preview);
  expect(code).not.toBe(0);
  expect(said).toMatch(/index\.ts\S*2\D.*Type 'Size' is not assignable to type 'string'/);
});

test('nothing is left of a program whose engine was killed', async () => {
  await options('typescript: false');
  await writeFile(
    join(desk.folder, 'index.ts'),
    `require('fs').writeFileSync('pids', process.pid + ' ' + process.ppid);\nsetInterval(() => undefined, 1000);\n`,
  );
  const running = desk.run(preview);
  const file = join(desk.folder, 'pids');
  const pids = await until('the program runs', () => readFile(file, 'utf8').catch(() => undefined));
  const [program = 0, host = 0] = pids.split(' ').map(Number);
  process.kill(parentOf(host), 'SIGKILL');
  await running;
  await until('the language host and the program have ended', () =>
    Promise.resolve([program, host].some(alive) ? undefined : true),
  );
});

test('a program without its packages is told to install them, and pulumi install does', async () => {
  await rm(join(desk.folder, 'node_modules'));
  expect((await desk.run(preview)).said).toContain('the Pulumi SDK is not installed');
  const said = await desk.succeed(['install']);
  expect(said).toContain('Finished installing dependencies');
  expect(JSON.parse(await readFile(join(desk.folder, 'package-lock.json'), 'utf8'))).toMatchObject({ name: 'program' });
});

const parentOf = (pid: number): number => Number(execFileSync('ps', ['-o', 'ppid=', '-p', String(pid)]).toString());

function alive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
