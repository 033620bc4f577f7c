/** A Pulumi stack of the operator: its repository, its source, and how long it takes from a revision to done. */
import type { GitRepository } from '#toolchain';
import { timed } from '../objects.ts';
import { isReady, type Watched } from '../watched.ts';
import { api, type World } from '../world.ts';
import { programFiles, type Shape } from './program.ts';

export const withinMs = 10 * 60_000;

export class ProgramStack implements AsyncDisposable {
  readonly name: string;
  readonly #world: World;
  readonly #repository: GitRepository;
  readonly #sources: Watched;
  readonly #stacks: Watched;
  #fetches = 0;

  private constructor(
    world: World,
    name: string,
    parts: { repository: GitRepository; sources: Watched; stacks: Watched },
  ) {
    this.#world = world;
    this.name = name;
    this.#repository = parts.repository;
    this.#sources = parts.sources;
    this.#stacks = parts.stacks;
  }

  /** Names the namespace, the repository, the source and the stack; the first commit has been fetched then. */
  static async create(
    world: World,
    name: string,
    shape: Omit<Shape, 'namespace'>,
    files: Readonly<Record<string, string>> = {},
  ): Promise<ProgramStack> {
    await world.namespace(name);
    const repository = await world.source(name, name, { ...files, ...inFolder({ ...shape, namespace: name }) });
    const sources = await world.watch(api, 'GitSource', name);
    const stacks = await world.watch(api, 'Stack', name);
    return new ProgramStack(world, name, { repository, sources, stacks });
  }

  /** Milliseconds from the creation of the Stack until it is Ready. */
  first(spec: Readonly<Record<string, unknown>> = {}): Promise<number> {
    return timed(async () => {
      await this.#world.stack(this.name, this.name, {
        ...{ sourceRef: { name: this.name }, path: 'app', engine: 'pulumi', interval: '1h', timeout: '10m' },
        ...spec,
      });
      await this.#ready();
    });
  }

  /** Milliseconds from the moment that the source has the commit until the stack is Ready at it. */
  async change(shape: Omit<Shape, 'namespace'>): Promise<number> {
    const commit = await this.#repository.commit(inFolder({ ...shape, namespace: this.name }));
    this.#fetches += 1;
    await this.#world.reconcile(this.name, this.name, String(this.#fetches));
    await this.#sources.until('the commit is fetched', () => (this.#at() === commit ? true : undefined));
    return timed(() => this.#ready(commit));
  }

  #at(): string | undefined {
    const { status } = (this.#sources.get(`${this.name}/${this.name}`) ?? {}) as {
      readonly status?: { readonly artifact?: { readonly commit: string } };
    };
    return status?.artifact?.commit;
  }

  async #ready(commit?: string): Promise<void> {
    const isDone = (): true | undefined =>
      isReady(this.#stacks.get(`${this.name}/${this.name}`), commit) ? true : undefined;
    await this.#stacks.until(`stack ${this.name} is Ready`, isDone, withinMs);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#sources[Symbol.asyncDispose]();
    await this.#stacks[Symbol.asyncDispose]();
  }
}

const inFolder = (shape: Shape): Record<string, string> =>
  Object.fromEntries(Object.entries(programFiles(shape)).map(([file, text]) => [`app/${file}`, text]));
