/** All paths of one commit with their ids and sizes, kept as one compact buffer. */
import { createHash } from 'node:crypto';

export interface TreeEntry {
  /** `tree`, `file`, `link` (symbolic), `module` (submodule). */
  readonly type: 'tree' | 'file' | 'link' | 'module';
  readonly id: string;
  /** Bytes; 0 of trees and submodules. */
  readonly size: number;
  readonly path: string;
}

const types: Readonly<Record<string, TreeEntry['type']>> = { '04': 'tree', '10': 'file', '12': 'link', '16': 'module' };

/** Arguments of the one git command whose output a listing is made of. */
export const listingOf = (commit: string): string[] => ['ls-tree', '-r', '-t', '-l', '-z', '--full-tree', commit];

/** The entries of what `git ls-tree -r -t -l -z` prints. */
export function* entriesOf(text: string): Generator<TreeEntry> {
  for (let start = 0; start < text.length;) {
    const end = text.indexOf('\0', start);
    const tab = text.indexOf('\t', start);
    const [mode = '', , id = '', size = ''] = text.slice(start, tab).split(/ +/);
    yield { type: types[mode.slice(0, 2)] ?? 'file', id, size: Number(size) || 0, path: text.slice(tab + 1, end) };
    start = end + 1;
  }
}

/** The listing of entries as it is kept, in memory and on disk: `\0<id>\t<path>` each, some 100 bytes a file. */
export const packEntries = (entries: readonly TreeEntry[]): Buffer =>
  Buffer.from(`${entries.map(({ id, path }) => `\0${id}\t${path}`).join('')}\0`);

/** Answers `treeOf` from a packed listing, without an object a path. */
export class TreeListing {
  readonly #root: string;
  readonly #packed: Buffer;
  readonly #asked = new Map<string, string | undefined>();
  readonly #mark: string;

  /** `mark` goes into every id, so that another choice of files is another content. */
  constructor(root: string, packed: Buffer, mark = '') {
    this.#root = root;
    this.#packed = packed;
    this.#mark = mark === '' ? '' : `-${mark}`;
  }

  /** Git's id of the tree or file at the path; undefined when there is none. */
  treeOf(path: string): string | undefined {
    if (this.#asked.has(path)) return this.#asked.get(path);
    const id = this.#find(path.replace(/^(?:\.?\/)+/, '').replace(/\/+$/, ''));
    if (this.#asked.size >= mostAsked) this.#asked.clear();
    this.#asked.set(path, id);
    return id;
  }

  #find(path: string): string | undefined {
    if (path === '' || path === '.') return this.#marked(this.#root);
    const at = this.#packed.indexOf(`\t${path}\0`);
    return at < 0 ? undefined : this.#marked(this.#packed.toString('latin1', this.#packed.lastIndexOf(0, at) + 1, at));
  }

  /** At most 64 characters, as long as Git's longest id. */
  #marked(id: string): string {
    return id.slice(0, longestId - this.#mark.length) + this.#mark;
  }
}

const longestId = 64;
const mostAsked = 10_000;

/** `sha256:…` over the sorted list of what is exported: type, id and path of every file. */
export function digestOf(entries: readonly TreeEntry[]): string {
  const hash = createHash('sha256');
  const lines = entries.filter(({ type }) => type !== 'tree').map(({ type, id, path }) => `${path}\0${type} ${id}\n`);
  for (const line of lines.sort()) hash.update(line);
  return `sha256:${hash.digest('hex')}`;
}
