/** `pulumi up` as somebody types it: the same command, plugins, packages and API server as the operator's, a state in files. */
import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { runProgram, systemClock } from '#runtime';
import { cacheFolder } from '#toolchain';
import type { World } from '../world.ts';
import { programFiles, type Shape } from './program.ts';

const packages = join(import.meta.dirname, '..', '..', 'node_modules');
const withinMs = 10 * 60_000;

/** Whether the compiler checks types, as is the default of `pulumi up`, or leaves them out, as the operator does. */
export type Types = 'checked' | 'left out';

export class BareProgram {
  readonly #world: World;
  readonly #folder: string;
  readonly #types: Types;

  private constructor(world: World, folder: string, types: Types) {
    this.#world = world;
    this.#folder = folder;
    this.#types = types;
  }

  /** With its stack made. */
  static async create(world: World, name: string, types: Types): Promise<BareProgram> {
    const program = new BareProgram(world, join(world.folder, 'bare', name), types);
    await mkdir(join(program.#folder, 'state'), { recursive: true });
    await symlink(packages, join(program.#folder, 'node_modules'));
    await program.#makeHome();
    await program.write({ namespace: 'default', count: 0 });
    await program.#run('stack', 'init', 'dev');
    return program;
  }

  async write(shape: Shape): Promise<void> {
    for (const [file, text] of Object.entries({ ...programFiles(shape), 'package.json': '{}' }))
      await writeFile(join(this.#folder, file), text);
  }

  async up(): Promise<void> {
    await this.#run('up', '--yes', '--skip-preview', '--stack', 'dev');
  }

  get #home(): string {
    return join(this.#world.folder, 'bare', 'home');
  }

  /** The plugins are those that the operator has placed for its own runs. */
  async #makeHome(): Promise<void> {
    await mkdir(this.#home, { recursive: true });
    await symlink(join(this.#world.folder, 'data', 'pulumi', 'plugins'), join(this.#home, 'plugins')).catch(
      (error: NodeJS.ErrnoException) => {
        if (error.code !== 'EEXIST') throw error;
      },
    );
  }

  async #run(...args: readonly string[]): Promise<void> {
    const { code, stdout, stderr } = await runProgram(this.#world.pulumi, ['--non-interactive', ...args], {
      clock: systemClock,
      cwd: this.#folder,
      env: {
        PATH: process.env['PATH'] ?? '',
        HOME: this.#home,
        PULUMI_HOME: this.#home,
        KUBECONFIG: this.#world.cluster.kubeconfig,
        PULUMI_BACKEND_URL: `file://${join(this.#folder, 'state')}`,
        PULUMI_CONFIG_PASSPHRASE: 'passphrase',
        PULUMI_SKIP_UPDATE_CHECK: 'true',
        PULUMI_NODEJS_TRANSPILE_ONLY: String(this.#types === 'left out'),
        PLUMBLINE_NODE: process.execPath,
        PLUMBLINE_CACHE: cacheFolder(),
      },
      timeoutMs: withinMs,
      maxBytes: 64 * 1024 * 1024,
    });
    if (code !== 0) throw new Error(`pulumi ${args.join(' ')}: ${stderr}${stdout}`);
  }
}
