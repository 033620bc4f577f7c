/** Requests to the API server over kept connections: JSON in, JSON out, failures as ApiError. */
import { Agent, type Dispatcher } from 'undici';
import { systemClock } from '#runtime';
import { ApiError, type ApiStatus } from './api-error.ts';
import type { ClusterConfig } from './config.ts';

export interface Account {
  readonly namespace: string;
  readonly name: string;
}

export interface Request {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly path: string;
  readonly query?: Readonly<Record<string, string>> | undefined;
  readonly body?: unknown;
  readonly contentType?: string | undefined;
  readonly accept?: string | undefined;
  /** Acts as this ServiceAccount (impersonation). */
  readonly as?: Account | undefined;
  readonly signal?: AbortSignal | undefined;
  /** A POST that may be sent again: it changes nothing, or the second one is refused. */
  readonly repeatable?: boolean;
}

export interface Response<T> {
  readonly status: number;
  readonly body: T;
  /** Above 1 an earlier try may have done the work. */
  readonly tries: number;
  /** What the API server wants people to know: deprecated versions, unknown fields. */
  readonly warnings: readonly string[];
}

export interface RequestRecord {
  readonly verb: string;
  readonly status: number;
  readonly path: string;
  readonly ms: number;
}

export interface TransportOptions {
  /** Connections kept to the API server, which bounds the requests in flight. */
  readonly connections?: number;
  readonly onRequest?: (request: RequestRecord) => void;
  /** A stream that brings nothing for so long is taken for half open, and cut. Default: 3 minutes. */
  readonly silenceMs?: number;
}

const mostTries = 6;
const firstDelayMs = 100;
const longestDelayMs = 5000;
const longestRetryAfterMs = 60_000;
const headersTimeoutMs = 60_000;
/** The server sends a bookmark every minute; a stream that is silent for longer than this is half open. */
const silenceTimeoutMs = 180_000;

export class Transport {
  readonly #config: ClusterConfig;
  readonly #origin: string;
  /** The path below which a proxy (Rancher and others) serves the API, or ''. */
  readonly #base: string;
  readonly #agent: Agent;
  readonly #streams: Agent;
  readonly #onRequest: (request: RequestRecord) => void;

  constructor(config: ClusterConfig, options: TransportOptions = {}) {
    const { connections = 32, onRequest = () => undefined, silenceMs = silenceTimeoutMs } = options;
    this.#config = config;
    const { origin, pathname } = new URL(config.server);
    this.#origin = origin;
    this.#base = pathname.replace(/\/$/, '');
    this.#onRequest = onRequest;
    const connect = {
      ...(config.ca === undefined ? {} : { ca: config.ca }),
      ...(config.cert === undefined ? {} : { cert: config.cert }),
      ...(config.key === undefined ? {} : { key: config.key }),
      ...(config.servername === undefined ? {} : { servername: config.servername }),
      rejectUnauthorized: config.insecure !== true,
      keepAliveInitialDelay: 30_000,
      timeout: 10_000,
    };
    // HTTP/2 costs this process and the API server more than kept HTTP/1.1 connections do; it is undici's preference.
    this.#agent = new Agent({
      connections,
      pipelining: 1,
      allowH2: false,
      keepAliveTimeout: 60_000,
      headersTimeout: headersTimeoutMs,
      connect,
    });
    // A watch never takes a connection away from requests; its time-out is of silence, not of its whole life.
    this.#streams = new Agent({
      pipelining: 1,
      allowH2: false,
      headersTimeout: headersTimeoutMs,
      bodyTimeout: silenceMs,
      connect,
    });
  }

  /** @throws ApiError with the Status of the API server; connection failures have status 0. */
  async request<T>(request: Request): Promise<Response<T>> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return { ...(await this.#once<T>(request)), tries: attempt };
      } catch (error) {
        request.signal?.throwIfAborted();
        if (!(error instanceof ApiError) || attempt >= mostTries || !mayRetry(error, request)) throw error;
        await systemClock.sleep(delayMs(error, attempt), request.signal ? { signal: request.signal } : {});
      }
    }
  }

  /** The body of a long answer, piece by piece. */
  async stream(request: Request): Promise<AsyncIterable<Buffer> & { destroy(): void }> {
    const started = systemClock.now();
    const answer = await this.#send(request, this.#streams);
    this.#onRequest({ verb: 'WATCH', status: answer.statusCode, path: request.path, ms: systemClock.now() - started });
    if (answer.statusCode >= 300) throw await apiError(answer);
    return answer.body;
  }

  async close(): Promise<void> {
    await Promise.all([this.#agent.destroy(), this.#streams.destroy()]);
  }

  async #once<T>(request: Request): Promise<Omit<Response<T>, 'tries'>> {
    const started = systemClock.now();
    let status = 0;
    try {
      const answer = await this.#send(request, this.#agent);
      status = answer.statusCode;
      if (status >= 300) throw await apiError(answer);
      const text = await answer.body.text();
      const warnings = warningsIn(answer.headers['warning']);
      return { status, body: (text === '' ? undefined : JSON.parse(text)) as T, warnings };
    } catch (error) {
      request.signal?.throwIfAborted();
      throw error instanceof ApiError ? error : ApiError.connection(error);
    } finally {
      this.#onRequest({ verb: request.method, status, path: request.path, ms: systemClock.now() - started });
    }
  }

  async #send(request: Request, agent: Agent): Promise<Dispatcher.ResponseData> {
    const {
      method,
      path,
      query,
      body,
      contentType = 'application/json',
      accept = 'application/json',
      as,
      signal,
    } = request;
    const token = await this.#config.token?.();
    const headers: Record<string, string> = { accept };
    if (token !== undefined) headers['authorization'] = `Bearer ${token}`;
    if (body !== undefined) headers['content-type'] = contentType;
    if (as !== undefined) headers['impersonate-user'] = `system:serviceaccount:${as.namespace}:${as.name}`;
    const search = query === undefined ? '' : `?${new URLSearchParams(query).toString()}`;
    // The token may have taken a while. undici must not see a signal that is aborted already: the stream that it then
    // leaves without a listener throws out of a later close().
    signal?.throwIfAborted();
    try {
      return await agent.request({
        origin: this.#origin,
        path: `${this.#base}${path}${search}`,
        method,
        headers,
        body: body === undefined ? null : JSON.stringify(body),
        // undici closes the connection after a DELETE with a body unless it is told that the server reads bodies.
        reset: false,
        signal: signal ?? null,
      });
    } catch (error) {
      signal?.throwIfAborted();
      throw ApiError.connection(error);
    }
  }
}

/** As long as the server asks for, and never sooner; else longer from try to try. */
function delayMs({ retryAfterMs }: ApiError, attempt: number): number {
  if (retryAfterMs !== undefined) return Math.min(retryAfterMs, longestRetryAfterMs) * (1 + Math.random() / 4);
  return Math.min(firstDelayMs * 2 ** (attempt - 1), longestDelayMs) * (0.75 + Math.random() / 2);
}

/** Reads, applies and deletes may be sent twice; a create may not once the server could have seen it. */
function mayRetry({ status }: ApiError, { method, repeatable = false }: Request): boolean {
  if (status === 429) return true;
  const idempotent = method !== 'POST' || repeatable;
  return idempotent && (status === 0 || status === 502 || status === 503 || status === 504);
}

const noWarnings: readonly string[] = [];

/** `299 - "text"`, once or several times (RFC 7234, section 5.5). */
function warningsIn(header: string | string[] | undefined): readonly string[] {
  if (header === undefined) return noWarnings;
  const texts = String(header).matchAll(/\b299 \S+ "((?:[^"\\]|\\.)*)"/g);
  return [...texts].map(([, text = '']) => text.replace(/\\(.)/g, '$1'));
}

async function apiError({ statusCode, headers, body }: Dispatcher.ResponseData): Promise<ApiError> {
  const text = await body.text();
  const seconds = Number(headers['retry-after']);
  return new ApiError(
    statusCode,
    parseStatus(text),
    Number.isFinite(seconds) && seconds >= 0 ? seconds * 1000 : undefined,
  );
}

function parseStatus(text: string): ApiStatus | undefined {
  try {
    const body = JSON.parse(text) as ApiStatus;
    return body.kind === 'Status' ? body : undefined;
  } catch {
    return { kind: 'Status', message: text.slice(0, 500) };
  }
}
