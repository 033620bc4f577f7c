/** A Pulumi program in a folder of its own, run by the real command line, with this repository's plugins and packages. */
import { mkdir, mkdtemp, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { placePlugins } from '#plugins';
import { runProgram, systemClock } from '#runtime';
import { cacheFolder, removeAtEnd, toolPaths } from '#toolchain';

export interface Ran {
  readonly code: number | undefined;
  /** What was printed, colours left out. */
  readonly said: string;
}

export interface StateResource {
  readonly urn: string;
  readonly type: string;
  readonly id?: string;
  readonly inputs?: Readonly<Record<string, unknown>>;
  readonly outputs?: Readonly<Record<string, unknown>>;
}

const root = join(import.meta.dirname, '..', '..');

export class PulumiProgram {
  readonly folder: string;
  readonly #pulumi: string;
  readonly #environment: Record<string, string>;

  private constructor(folder: string, pulumi: string, environment: Readonly<Record<string, string>>) {
    this.folder = folder;
    this.#pulumi = pulumi;
    this.#environment = {
      PATH: process.env['PATH'] ?? '',
      HOME: folder,
      PULUMI_HOME: join(folder, 'home'),
      PULUMI_BACKEND_URL: `file://${join(folder, 'state')}`,
      PULUMI_CONFIG_PASSPHRASE: 'passphrase',
      PULUMI_SKIP_UPDATE_CHECK: 'true',
      PLUMBLINE_NODE: process.execPath,
      // Compiled packages and tools are shared by all programs.
      PLUMBLINE_CACHE: cacheFolder(),
      ...environment,
    };
  }

  /** With a stack `dev`. `kubeconfig` is the content of one. */
  static async create(kubeconfig: string, project = 'shop'): Promise<PulumiProgram> {
    const folder = await mkdtemp(join(tmpdir(), 'plumbline-program-'));
    removeAtEnd(folder);
    await writeFile(join(folder, 'Pulumi.yaml'), `name: ${project}\nruntime: nodejs\nmain: index.ts\n`);
    await writeFile(join(folder, 'package.json'), '{ "name": "program", "type": "module" }\n');
    await symlink(join(root, 'node_modules'), join(folder, 'node_modules'));
    return PulumiProgram.at(folder, kubeconfig);
  }

  /** A program that is there already; state and plugins are put beside it. */
  static async at(
    folder: string,
    kubeconfig: string,
    environment: Readonly<Record<string, string>> = {},
  ): Promise<PulumiProgram> {
    const { pulumi } = await toolPaths(['pulumi']);
    const file = join(folder, 'kubeconfig');
    await Promise.all([mkdir(join(folder, 'state')), placePlugins(join(folder, 'home', 'plugins'))]);
    await writeFile(file, kubeconfig);
    const program = new PulumiProgram(folder, pulumi, { KUBECONFIG: file, ...environment });
    await program.run(['stack', 'init', 'dev']);
    return program;
  }

  /** Replaces the program; `pulumi` and `k8s` are imported. */
  async write(body: string): Promise<void> {
    const imports = `import * as pulumi from '@pulumi/pulumi';\nimport * as k8s from '@pulumi/kubernetes';\n`;
    await writeFile(join(this.folder, 'index.ts'), `${imports}void pulumi;\n${body}\n`);
  }

  /** Runs pulumi with these arguments. */
  async run(args: readonly string[], environment: Readonly<Record<string, string>> = {}): Promise<Ran> {
    const { code, stdout, stderr } = await runProgram(
      this.#pulumi,
      ['--non-interactive', '--color', 'never', ...args],
      {
        clock: systemClock,
        cwd: this.folder,
        env: { ...this.#environment, ...environment },
        input: '',
        timeoutMs: 120_000,
        maxBytes: 64 * 1024 * 1024,
      },
    );
    return { code, said: `${stdout}${stderr}` };
  }

  /** @throws what pulumi said when it failed */
  async succeed(args: readonly string[], environment?: Readonly<Record<string, string>>): Promise<string> {
    const { code, said } = await this.run(args, environment);
    if (code !== 0) throw new Error(`pulumi ${args.join(' ')}: ${said}`);
    return said;
  }

  up(environment?: Readonly<Record<string, string>>): Promise<string> {
    return this.succeed(['up', '--yes', '--skip-preview', '--stack', 'dev'], environment);
  }

  /** Resources of the state by their names in the program. */
  async state(): Promise<ReadonlyMap<string, StateResource>> {
    const text = await this.succeed(['stack', 'export', '--stack', 'dev']);
    const { deployment } = JSON.parse(text) as { deployment: { resources?: readonly StateResource[] } };
    return new Map((deployment.resources ?? []).map((resource) => [resource.urn.split('::').at(-1) ?? '', resource]));
  }

  async outputs(): Promise<Readonly<Record<string, unknown>>> {
    const text = await this.succeed(['stack', 'output', '--json', '--show-secrets', '--stack', 'dev']);
    return JSON.parse(text) as Record<string, unknown>;
  }
}
