/** Gets the manifests that a program names: files, patterns of files, addresses; bounded in size and time. */
import { glob, readFile, stat } from 'node:fs/promises';
import { Failure, failure } from '#runtime';

export interface SourceText {
  /** The file or address. */
  readonly where: string;
  readonly text: string;
}

const megabyte = 2 ** 20;
const limits = { bytes: 64 * megabyte, files: 20_000, timeoutMs: 60_000 };

export interface SourceOptions {
  /** Whether `*`, `?` and `[` name several files. */
  readonly patterns: boolean;
  readonly signal: AbortSignal;
}

/** In the order of their names. @throws Failure PathNotFound, FileTooLarge, SourceInvalid */
export async function readSources(source: string, { patterns, signal }: SourceOptions): Promise<SourceText[]> {
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(source)) return [{ where: source, text: await download(source, signal) }];
  if (!patterns || !/(^|[^\\])[*?[]/.test(source)) return [await readOne(source)];
  const files: string[] = [];
  for await (const file of glob(source)) {
    if (files.length === limits.files)
      throw failure('FileTooLarge', { where: source, what: 'too many files', expected: `at most ${limits.files}` });
    files.push(file);
  }
  if (files.length === 0) throw notFound(source, 'no file has a name like this');
  return Promise.all(files.sort().map(readOne));
}

async function readOne(file: string): Promise<SourceText> {
  const found = await stat(file).catch(() => undefined);
  if (found === undefined) throw notFound(file, 'there is no such file');
  if (!found.isFile()) throw notFound(file, 'this is no file');
  if (found.size > limits.bytes) throw tooLarge(file, `${found.size} bytes`);
  return { where: file, text: await readFile(file, 'utf8') };
}

async function download(url: string, signal: AbortSignal): Promise<string> {
  const time = AbortSignal.timeout(limits.timeoutMs);
  try {
    const answer = await fetch(url, { signal: AbortSignal.any([signal, time]) });
    if (!answer.ok) throw unusable(url, `the server answered ${answer.status} ${answer.statusText}`);
    return await bounded(url, answer);
  } catch (error) {
    signal.throwIfAborted();
    if (time.aborted) throw unusable(url, `the server did not answer within ${limits.timeoutMs / 1000} s`);
    if (error instanceof Failure) throw error;
    const { cause = error } = error as { cause?: unknown };
    const message = cause instanceof Error ? cause.message : String(cause);
    throw unusable(url, `it cannot be fetched: ${message}`);
  }
}

async function bounded(url: string, { body }: Response): Promise<string> {
  const pieces: Uint8Array[] = [];
  let size = 0;
  for await (const piece of (body ?? []) as AsyncIterable<Uint8Array>) {
    size += piece.length;
    if (size > limits.bytes) throw tooLarge(url, `more than ${limits.bytes} bytes`);
    pieces.push(piece);
  }
  return Buffer.concat(pieces).toString('utf8');
}

const notFound = (where: string, what: string): Error =>
  failure('PathNotFound', {
    where,
    what,
    remedy: 'correct the path; it is relative to the folder of the program',
  });

const unusable = (where: string, what: string): Error =>
  failure('SourceInvalid', { where, what, remedy: 'correct the address, or commit the file and name its path' });

const tooLarge = (where: string, found: string): Error =>
  failure('FileTooLarge', { where, what: 'too large', expected: `at most ${limits.bytes} bytes`, found });
