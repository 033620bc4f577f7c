/** Downloads a program from its project's releases, but only with a checksum that the project publishes. */
import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { chmod, mkdir, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { ReadableStream } from 'node:stream/web';
import { failure } from '#runtime';
import { cachedPath, type Report } from './cache.ts';
import { checksumFor } from './checksum.ts';
import { run } from './command.ts';
import type { Found } from './find.ts';
import { releaseOf, type Platform, type Release } from './release.ts';
import type { Tool } from './tools.ts';

/** How long a release server may take to answer; a closed network must not cost more. */
const answerMs = 2500;
const longestDownloadMs = 10 * 60_000;

/** Downloads programs; gives up on the network for good once no server answers. */
export class Downloads {
  readonly #platform: Platform;
  #offline = false;

  constructor(platform: Platform) {
    this.#platform = platform;
  }

  get offline(): boolean {
    return this.#offline;
  }

  /** The program in the cache; undefined when there is no release for this machine, no network or no checksum. */
  async download(tool: Tool, report: Report): Promise<Found | undefined> {
    const release = releaseOf(tool, this.#platform);
    if (release === undefined || this.#offline) return undefined;
    const expected = await this.#checksum(release);
    if (expected === undefined) return undefined;
    report(`downloading ${tool.name} ${tool.version} (${release.url})`);
    const path = await this.#fetch(tool, release, expected).catch((error: unknown) => {
      report(`the download of ${tool.name} failed: ${error instanceof Error ? error.message : String(error)}`);
      return undefined;
    });
    return path === undefined ? undefined : { path, version: tool.version, origin: 'download' };
  }

  async #checksum({ checksumUrl, file }: Release): Promise<string | undefined> {
    try {
      const response = await fetch(checksumUrl, { signal: AbortSignal.timeout(answerMs) });
      const text = await response.text();
      return response.ok ? checksumFor(file, text) : undefined;
    } catch {
      this.#offline = true;
      return undefined;
    }
  }

  async #fetch(tool: Tool, release: Release, expected: string): Promise<string> {
    const path = cachedPath(tool);
    const work = join(dirname(dirname(path)), `download-${tool.name}-${process.pid}`);
    await mkdir(work, { recursive: true });
    try {
      const file = join(work, release.file);
      const found = await save(release.url, file);
      if (found !== expected) {
        const what = 'the checksum of the download is wrong';
        throw failure('ToolUnavailable', { what, where: release.url, expected, found });
      }
      // bsdtar and GNU tar both tell the compression by themselves.
      if (release.member !== undefined) await run('tar', ['-xf', file, '-C', work, release.member]);
      const program = release.member === undefined ? file : join(work, release.member);
      await chmod(program, 0o755);
      await mkdir(dirname(path), { recursive: true });
      await rename(program, path);
      return path;
    } finally {
      await rm(work, { recursive: true, force: true });
    }
  }
}

async function save(url: string, file: string): Promise<string> {
  const response = await fetch(url, { signal: AbortSignal.timeout(longestDownloadMs) });
  if (!response.ok || response.body === null) {
    throw failure('ToolUnavailable', {
      what: 'the server refused the download',
      where: url,
      found: `HTTP ${response.status}`,
    });
  }
  const hash = createHash('sha256');
  const hashed = new Transform({
    transform: (chunk: Buffer, _encoding, done) => {
      hash.update(chunk);
      done(null, chunk);
    },
  });
  // The DOM's stream type and Node's differ only in name here.
  const body = Readable.fromWeb(response.body as ReadableStream<Uint8Array>);
  await pipeline(body, hashed, createWriteStream(file));
  return hash.digest('hex');
}
