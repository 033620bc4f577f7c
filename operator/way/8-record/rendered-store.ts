/** Keeps the last rendered revisions of every stack on disk, so that the last good one can be put back without Git. */
import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { KubeObject, ObjectKey } from '#kube';
import type { Rendered, RenderedObject } from '#values';

/** One file a revision, one line an object: `key TAB digest TAB file TAB line TAB json`. */
export class RenderedStore {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Writes a revision and removes all but the newest `keep`. */
  async save(stack: string, { digest, objects }: Rendered, keep: number): Promise<void> {
    const folder = this.#of(stack);
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const file = join(folder, fileName(digest));
    const lines = objects.map(({ key, digest: own, origin, object }) =>
      [key, own, origin.file, origin.line, JSON.stringify(object)].join('\t'),
    );
    const work = `${file}.new`;
    try {
      await writeFile(work, lines.join('\n'), { mode: 0o600 });
      await rename(work, file);
    } finally {
      await rm(work, { force: true });
    }
    await this.#trim(folder, keep);
  }

  /** The named objects of a revision (all when `keys` is absent); undefined when the revision is not kept here. */
  async load(
    stack: string,
    digest: string,
    keys?: ReadonlySet<ObjectKey>,
  ): Promise<Map<ObjectKey, RenderedObject> | undefined> {
    const file = join(this.#of(stack), fileName(digest));
    const text = await readFile(file, 'utf8').catch(absent);
    if (text === undefined) return undefined;
    const objects = new Map<ObjectKey, RenderedObject>();
    for (const line of text.split('\n')) {
      const key = line.slice(0, line.indexOf('\t')) as ObjectKey;
      if (key !== '' && (keys === undefined || keys.has(key))) objects.set(key, parseLine(line));
    }
    return objects;
  }

  async forget(stack: string): Promise<void> {
    await rm(this.#of(stack), { recursive: true, force: true });
  }

  async #trim(folder: string, keep: number): Promise<void> {
    const names = (await readdir(folder)).filter((name) => name.endsWith('.rendered'));
    const files = await Promise.all(
      names.map(async (name) => ({ name, at: (await stat(join(folder, name))).mtimeMs })),
    );
    files.sort((a, b) => b.at - a.at);
    for (const { name } of files.slice(Math.max(keep, 1))) await rm(join(folder, name), { force: true });
  }

  #of(stack: string): string {
    return join(this.#folder, stack.replace('/', '_'));
  }
}

const fileName = (digest: string): string => `${digest}.rendered`;

function parseLine(line: string): RenderedObject {
  const [key = '', digest = '', file = '', number = '1', ...json] = line.split('\t');
  const object = JSON.parse(json.join('\t')) as KubeObject;
  return { key: key as ObjectKey, digest, origin: { file, line: Number(number) }, object };
}

function absent(error: NodeJS.ErrnoException): undefined {
  if (error.code === 'ENOENT') return undefined;
  throw error;
}
