/**
 * The state of one stack in Secrets of its namespace. Pieces are written first, then the manifest that names them, then
 * what no manifest names is removed: a crash at any point leaves the old state or the new one, never half of each.
 */
import { promisify } from 'node:util';
import { gunzip, gzip } from 'node:zlib';
import {
  ApiError,
  createObject,
  deleteObject,
  getObject,
  list,
  metadataListAccept,
  resourcePath,
  type KubeObject,
  type Transport,
} from '#kube';
import { failure, mapBounded } from '#runtime';
import type { StackName } from '../values.ts';
import { cut, digestOfBytes } from './chunks.ts';
import type { StateFile } from './folder.ts';
import { parseManifest, type Manifest, type StoredChunk, type StoredFile } from './manifest.ts';
import {
  chunkName,
  chunkType,
  manifestName,
  manifestType,
  secretKey,
  secrets,
  stateLabel,
  type Secret,
} from './names.ts';

const pack = promisify(gzip);
const unpack = promisify(gunzip);
const requestsAtOnce = 8;
const manifestEntry = 'manifest.json';
const chunkEntry = 'piece.gz';

interface Asked {
  readonly signal?: AbortSignal | undefined;
}

export class StoredState {
  readonly #transport: Transport;
  readonly #stack: StackName;
  /** As it was read or written last; its resourceVersion is what a write must find. */
  #secret: Secret | undefined;
  #manifest: Manifest | undefined;

  constructor(transport: Transport, stack: StackName) {
    this.#transport = transport;
    this.#stack = stack;
  }

  /** As it was read or written last. */
  get manifestNow(): Manifest | undefined {
    return this.#manifest;
  }

  /** @throws ApiError, Failure StateCorrupt */
  async manifest({ signal }: Asked = {}): Promise<Manifest | undefined> {
    const { namespace } = this.#stack;
    const name = manifestName(this.#stack);
    this.#secret = await getObject<Secret>({ transport: this.#transport, resource: secrets, namespace, name, signal });
    this.#manifest = this.#secret && parseManifest(entryOf(this.#secret), secretKey(namespace, name));
    return this.#manifest;
  }

  /** @throws ApiError, Failure StateCorrupt naming the Secret that is missing or altered */
  async files({ files }: Manifest, { signal }: Asked = {}): Promise<StateFile[]> {
    const chunks = files.flatMap((file) => file.chunks);
    const pieces = await mapBounded(chunks, requestsAtOnce, (chunk) => this.#piece(chunk, signal));
    let next = 0;
    return files.map(({ path, chunks }) => {
      const bytes = Buffer.concat(pieces.slice(next, next + chunks.length));
      next += chunks.length;
      return { path, bytes };
    });
  }

  /**
   * Makes the manifest the state. Pieces that are there already are not sent again.
   * @throws ApiError; Failure Superseded when somebody else has written meanwhile
   */
  async write(manifest: Manifest, pieces: Pieces, { signal }: Asked = {}): Promise<void> {
    const before = new Set(namesIn(this.#manifest));
    const fresh = [...pieces].filter(([name]) => !before.has(name));
    await mapBounded(fresh, requestsAtOnce, ([name, piece]) => this.#create(name, piece, signal));
    await this.#point(manifest, signal);
    const old = [...before].filter((name) => !pieces.has(name));
    await mapBounded(old, requestsAtOnce, (name) => this.#delete(name, signal));
  }

  /** Removes pieces that no manifest names, which a crash left, and makes those anew that somebody took away. @throws ApiError */
  async tidy(pieces: Pieces, { signal }: Asked = {}): Promise<void> {
    const there = await this.#chunksThere(signal);
    const named = namesIn(this.#manifest);
    const stray = [...there].filter((name) => !named.includes(name));
    await mapBounded(stray, requestsAtOnce, (name) => this.#delete(name, signal));
    const missing = [...pieces].filter(([name]) => named.includes(name) && !there.has(name));
    await mapBounded(missing, requestsAtOnce, ([name, piece]) => this.#create(name, piece, signal));
  }

  /** The manifest first: pieces without one are nothing. @throws ApiError */
  async remove({ signal }: Asked = {}): Promise<void> {
    await this.#delete(manifestName(this.#stack), signal);
    await mapBounded([...(await this.#chunksThere(signal))], requestsAtOnce, (name) => this.#delete(name, signal));
    this.#secret = undefined;
    this.#manifest = undefined;
  }

  async #piece({ secret: name, digest }: StoredChunk, signal: AbortSignal | undefined): Promise<Buffer> {
    const { namespace } = this.#stack;
    const secret = await getObject<Secret>({ transport: this.#transport, resource: secrets, namespace, name, signal });
    const where = secretKey(namespace, name);
    const remedy = 'restore the Secret from a backup, or import an export of the state';
    if (secret === undefined)
      throw failure('StateCorrupt', { where, what: 'this piece of the state is missing', remedy });
    const packed = Buffer.from(secret.data?.[chunkEntry] ?? '', 'base64');
    const piece = await unpack(packed).catch(() => undefined);
    if (piece === undefined || digestOfBytes(piece) !== digest)
      throw failure('StateCorrupt', { where, what: 'this piece of the state is not what was written', remedy });
    return piece;
  }

  async #create(name: string, piece: Buffer, signal: AbortSignal | undefined): Promise<void> {
    const data = { [chunkEntry]: (await pack(piece)).toString('base64') };
    const object = { ...this.#object(name, chunkType, data), immutable: true };
    try {
      const call = { transport: this.#transport, resource: secrets, object, signal };
      await createObject({ ...call, repeatable: true, metadataOnly: true });
    } catch (error) {
      // Its name is that of its content, and it cannot be changed: it is the same piece. A quota has other conflicts.
      if (!(error instanceof ApiError && error.api?.reason === 'AlreadyExists')) throw error;
    }
  }

  async #point(manifest: Manifest, signal: AbortSignal | undefined): Promise<void> {
    const name = manifestName(this.#stack);
    const text = JSON.stringify(manifest);
    const object = this.#object(name, manifestType, { [manifestEntry]: Buffer.from(text).toString('base64') });
    try {
      this.#secret = await this.#put(object, signal);
    } catch (error) {
      if (!(error instanceof ApiError && (error.status === 409 || error.status === 404))) throw error;
      const { namespace } = this.#stack;
      const call = { transport: this.#transport, resource: secrets, namespace, name, signal };
      const found = await getObject<Secret>(call);
      // The answer to an earlier try may have been lost, or somebody deleted the Secret.
      if (found !== undefined) assertOurs(found, manifest);
      this.#secret = found;
      if (found === undefined || entryOf(found) !== text) this.#secret = await this.#put(object, signal);
    }
    this.#manifest = manifest;
  }

  /** With the resourceVersion that was read: of two writers one is refused. */
  async #put(object: KubeObject, signal: AbortSignal | undefined): Promise<Secret> {
    const { resourceVersion } = this.#secret?.metadata ?? {};
    if (resourceVersion === undefined)
      return createObject({ transport: this.#transport, resource: secrets, object, repeatable: true, signal });
    const { namespace, name } = object.metadata;
    const path = resourcePath(secrets, { namespace, name });
    const body = { ...object, metadata: { ...object.metadata, resourceVersion } };
    return (await this.#transport.request<Secret>({ method: 'PUT', path, body, signal })).body;
  }

  #object(name: string, type: string, data: Readonly<Record<string, string>>): KubeObject {
    const { namespace, name: stack } = this.#stack;
    const metadata = { name, namespace, labels: { [stateLabel]: stack } };
    return { apiVersion: 'v1', kind: 'Secret', metadata, type, data };
  }

  async #delete(name: string, signal: AbortSignal | undefined): Promise<void> {
    const { namespace } = this.#stack;
    await deleteObject({ transport: this.#transport, resource: secrets, namespace, name, signal });
  }

  async #chunksThere(signal: AbortSignal | undefined): Promise<Set<string>> {
    const { namespace, name } = this.#stack;
    const query = { labelSelector: `${stateLabel}=${name}`, fieldSelector: `type=${chunkType}` };
    const path = resourcePath(secrets, { namespace });
    const names = new Set<string>();
    const pages = list(this.#transport, { path, query, accept: metadataListAccept, ...(signal && { signal }) });
    for await (const { metadata } of pages) names.add(metadata.name);
    return names;
  }
}

const entryOf = ({ data }: Secret): string => Buffer.from(data?.[manifestEntry] ?? '', 'base64').toString('utf8');

/** @throws Failure Superseded */
function assertOurs(found: Secret, { serial, writer }: Manifest): void {
  const where = secretKey(found.metadata.namespace ?? '', found.metadata.name);
  const other = parseManifest(entryOf(found), where);
  if (other.serial === serial && other.writer === writer) return;
  throw failure('Superseded', { where, what: `${other.writer} has written the state meanwhile` });
}

const namesIn = (manifest: Manifest | undefined): string[] =>
  (manifest?.files ?? []).flatMap(({ chunks }) => chunks.map(({ secret }) => secret));

/** Secret -> what it is to hold, before compression. */
export type Pieces = ReadonlyMap<string, Buffer>;

/** How files are cut, and in which Secrets the pieces lie. Pure. */
export function layOut(stack: StackName, files: readonly StateFile[]): { files: StoredFile[]; pieces: Pieces } {
  const pieces = new Map<string, Buffer>();
  const stored = files.map(({ path, bytes }) => {
    const chunks = cut(bytes).map((piece): StoredChunk => {
      const digest = digestOfBytes(piece);
      const secret = chunkName(stack, digest);
      pieces.set(secret, piece);
      return { secret, digest, size: piece.length };
    });
    return { path, size: bytes.length, digest: digestOfBytes(bytes), chunks };
  });
  return { files: stored, pieces };
}
