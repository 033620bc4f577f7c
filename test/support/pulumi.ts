/** The real pulumi on a backend, without a program: stacks are made, imported and exported. */
import { createHash } from 'node:crypto';
import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runProgram, systemClock } from '#runtime';
import { removeAtEnd, toolPaths } from '#toolchain';

export interface PulumiBackend {
  readonly url: string;
  readonly environment: Readonly<Record<string, string>>;
}

/** A folder of a project that has no program. */
export class PulumiDesk {
  readonly #folder: string;
  readonly #program: string;

  private constructor(folder: string, program: string) {
    this.#folder = folder;
    this.#program = program;
  }

  static async create(project = 'shop'): Promise<PulumiDesk> {
    const { pulumi } = await toolPaths(['pulumi']);
    const folder = await mkdtemp(join(tmpdir(), 'plumbline-pulumi-'));
    removeAtEnd(folder);
    await writeFile(join(folder, 'Pulumi.yaml'), `name: ${project}\nruntime: nodejs\n`);
    return new PulumiDesk(folder, pulumi);
  }

  /** What it printed. @throws what it said instead. */
  async run({ url, environment }: PulumiBackend, args: readonly string[], input = ''): Promise<string> {
    const { code, stdout, stderr } = await runProgram(this.#program, ['--non-interactive', ...args], {
      clock: systemClock,
      cwd: this.#folder,
      env: {
        PATH: process.env['PATH'] ?? '',
        HOME: this.#folder,
        PULUMI_BACKEND_URL: url,
        PULUMI_SKIP_UPDATE_CHECK: 'true',
        ...environment,
      },
      input,
      timeoutMs: 60_000,
      maxBytes: 64 * 1024 * 1024,
    });
    if (code !== 0) throw new Error(`pulumi ${args.join(' ')}: ${stderr}${stdout}`);
    return stdout;
  }
}

export const urnOf = (index: number): string => `urn:pulumi:dev::shop::kubernetes:core/v1:ConfigMap::c${index}`;

/** What `pulumi stack import` takes: an export with so many resources in it, each of about the size that one has. */
export function deployment(exported: string, count: number): string {
  const before = JSON.parse(exported) as { readonly deployment: object };
  const resources = [...Array(count).keys()].map((index) => {
    const properties = {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: `c${index}`, namespace: 'default', labels: { app: 'shop', part: `p${index % 17}` } },
      data: { text: createHash('sha256').update(String(index)).digest('hex').repeat(4) },
    };
    return {
      urn: urnOf(index),
      custom: true,
      id: `default/c${index}`,
      type: 'kubernetes:core/v1:ConfigMap',
      inputs: properties,
      outputs: { ...properties, immutable: null },
      created: '2026-05-01T10:00:00Z',
    };
  });
  return JSON.stringify({ ...before, deployment: { ...before.deployment, resources } });
}
