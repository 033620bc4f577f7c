/** One watch as a generator: pull gives order and back pressure, errors are thrown, nothing is swallowed. */
import { StringDecoder } from 'node:string_decoder';
import { ApiError, type ApiStatus } from './api-error.ts';
import type { KubeObject } from './object.ts';
import type { Account, Transport } from './transport.ts';

export interface ObjectEvent {
  readonly type: 'added' | 'modified' | 'deleted';
  readonly object: KubeObject;
}

export type WatchEvent =
  ObjectEvent | { readonly type: 'bookmark'; readonly resourceVersion: string; readonly initialEventsEnd: boolean };

/** The resourceVersion is too old: list again. */
export class Gone extends Error {}

/** The stream broke in the middle; a watch from the last resourceVersion goes on where it was. */
export class Cut extends Error {}

export interface WatchOptions {
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  readonly accept: string;
  readonly as?: Account | undefined;
  readonly signal: AbortSignal;
}

const types = { ADDED: 'added', MODIFIED: 'modified', DELETED: 'deleted' } as const;

/** Ends when the server ends the watch cleanly. @throws Gone, Cut, ApiError */
export async function* watch(
  transport: Transport,
  { path, query, accept, as, signal }: WatchOptions,
): AsyncGenerator<WatchEvent> {
  const body = await transport.stream({
    method: 'GET',
    path,
    query: { ...query, watch: 'true', allowWatchBookmarks: 'true' },
    accept,
    as,
    signal,
  });
  try {
    for await (const line of lines(body)) yield parse(line);
  } catch (error) {
    if (error instanceof Gone || error instanceof ApiError) throw error;
    signal.throwIfAborted();
    throw new Cut('the watch was cut', { cause: error });
  } finally {
    body.destroy();
  }
}

function parse(line: string): WatchEvent {
  const { type, object } = JSON.parse(line) as { type: string; object: KubeObject };
  if (type === 'BOOKMARK') {
    const { resourceVersion = '', annotations } = object.metadata;
    return {
      type: 'bookmark',
      resourceVersion,
      initialEventsEnd: annotations?.['k8s.io/initial-events-end'] === 'true',
    };
  }
  if (type === 'ERROR') {
    const status = object as unknown as ApiStatus;
    if (status.code === 410) throw new Gone(status.message);
    throw new ApiError(status.code ?? 500, status);
  }
  const known = types[type as keyof typeof types] as (typeof types)[keyof typeof types] | undefined;
  if (known === undefined) throw new Cut(`unknown watch event ${type}`);
  return { type: known, object };
}

/** Whole lines, however the chunks fall; a last line without an end is a cut. */
async function* lines(chunks: AsyncIterable<Buffer>): AsyncGenerator<string> {
  const decoder = new StringDecoder('utf8');
  let parts: string[] = [];
  for await (const chunk of chunks) {
    const text = decoder.write(chunk);
    let start = 0;
    for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n', start)) {
      parts.push(text.slice(start, end));
      const line = parts.join('');
      parts = [];
      start = end + 1;
      if (line !== '') yield line;
    }
    if (start < text.length) parts.push(text.slice(start));
  }
  if (parts.join('').trim() !== '') throw new Cut('the watch ended in the middle of an event');
}
