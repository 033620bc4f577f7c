/** The manifest of a stored state: which pieces make which file. Written last, it is what the state is. */
import { failure } from '#runtime';

export interface StoredChunk {
  readonly secret: string;
  /** SHA-256 of the piece before compression. */
  readonly digest: string;
  readonly size: number;
}

export interface StoredFile {
  /** Below `.pulumi/stacks`: `<project>/<stack>.json`. */
  readonly path: string;
  readonly digest: string;
  readonly size: number;
  readonly chunks: readonly StoredChunk[];
}

export interface Manifest {
  readonly format: number;
  /** One more with every write. */
  readonly serial: number;
  /** The same from the first write on; another one is another state of the same name. */
  readonly lineage: string;
  readonly writer: string;
  readonly time: string;
  readonly files: readonly StoredFile[];
}

export const manifestFormat = 1;

/** @throws Failure StateCorrupt */
export function parseManifest(text: string, where: string): Manifest {
  const manifest = readJson(text);
  if (manifest === undefined || typeof manifest.format !== 'number' || !Array.isArray(manifest.files)) {
    throw failure('StateCorrupt', {
      where,
      what: 'the manifest of the state cannot be read',
      remedy: 'restore the Secret from a backup, or import an export of the state',
    });
  }
  if (manifest.format > manifestFormat) {
    throw failure('StateCorrupt', {
      where,
      what: 'the state was written by a newer version of Plumbline',
      expected: `format ${manifestFormat}`,
      found: `format ${manifest.format}`,
      remedy: 'upgrade the operator',
    });
  }
  for (const { path } of manifest.files) assertInside(path, where);
  return manifest;
}

function readJson(text: string): Manifest | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Manifest) : undefined;
  } catch {
    return undefined;
  }
}

const statePath = /^([A-Za-z0-9_.-]+\/)?[A-Za-z0-9_.-]+$/;

/** A Secret that somebody edited must not write outside of the folder. */
function assertInside(path: unknown, where: string): void {
  if (typeof path === 'string' && statePath.test(path) && !path.split('/').some((part) => /^\.+$/.test(part))) return;
  throw failure('StateCorrupt', { where, what: 'the manifest names a file outside of the state', found: String(path) });
}
