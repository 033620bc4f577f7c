/** The real pulumi on a backend, without a program: stacks are made, imported and exported. */
import { createHash, randomUUID } from 'node:crypto';
import { mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
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

  /** What an engine leaves in a backend on disk that is killed in the middle of an update. */
  async leaveLock(url: string, stack: string, hostname: string): Promise<void> {
    const folder = join(fileURLToPath(url), '.pulumi', 'locks', stack);
    await mkdir(folder, { recursive: true });
    const lock = { pid: 1, username: 'root', hostname, timestamp: '2026-05-01T10:00:00Z' };
    await writeFile(join(folder, `${randomUUID()}.json`), JSON.stringify(lock));
  }
}

export const urnOf = (index: number): string => `urn:pulumi:dev::shop::kubernetes:core/v1:ConfigMap::c${index}`;

/** What `pulumi stack import` takes: an export with so many resources in it. */
export function deployment(exported: string, count: number): string {
  const before = JSON.parse(exported) as { readonly deployment: object };
  return JSON.stringify({ ...before, deployment: { ...before.deployment, resources: resources(count) } });
}

/** The state as the engine keeps it on disk. */
export function checkpoint(count: number): string {
  const manifest = { time: new Date().toISOString(), magic: 'm', version: 'v3.259.0' };
  const latest = { manifest, resources: resources(count), metadata: {} };
  return JSON.stringify({ version: 3, checkpoint: { stack: 'organization/shop/dev', latest } });
}

/** Each of about the size that one has. */
function resources(count: number): object[] {
  return [...Array(count).keys()].map((index) => {
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
}
