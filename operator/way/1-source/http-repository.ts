/** Serves a test's repository over HTTP through Git's own backend, and can be told to fail. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { basename, dirname } from 'node:path';

export interface HttpBehaviour {
  /** The value that the Authorization header must have. */
  authorization?: string;
  /** Answer every request with this status. */
  status?: number;
  /** Take the request, and never answer. */
  hang?: boolean;
}

export class HttpRepository implements AsyncDisposable {
  readonly behaviour: HttpBehaviour = {};
  readonly #server: Server;
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
    this.#server = createServer((request, response) => this.#answer(request, response));
  }

  async start(): Promise<this> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    return this;
  }

  get url(): string {
    const { port } = this.#server.address() as AddressInfo;
    return `http://127.0.0.1:${port}/${basename(this.#folder)}`;
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const { authorization, status, hang } = this.behaviour;
    if (hang) return;
    if (status !== undefined) return void response.writeHead(status).end('no');
    if (authorization !== undefined && request.headers.authorization !== authorization) {
      return void response.writeHead(401, { 'WWW-Authenticate': 'Basic realm="git"' }).end();
    }
    const { pathname, search } = new URL(request.url ?? '/', 'http://host');
    const env = {
      PATH: '/usr/local/bin:/usr/bin:/bin',
      GIT_PROJECT_ROOT: dirname(this.#folder),
      GIT_HTTP_EXPORT_ALL: '1',
      PATH_INFO: pathname,
      QUERY_STRING: search.slice(1),
      REQUEST_METHOD: request.method,
      CONTENT_TYPE: request.headers['content-type'] ?? '',
      HTTP_CONTENT_ENCODING: request.headers['content-encoding'] ?? '',
      GIT_PROTOCOL: String(request.headers['git-protocol'] ?? ''),
    };
    const backend = spawn('git', ['http-backend'], { env, stdio: ['pipe', 'pipe', 'ignore'] });
    backend.stdin.on('error', () => {});
    request.pipe(backend.stdin);
    const chunks: Buffer[] = [];
    backend.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
    backend.on('close', () => {
      const body = Buffer.concat(chunks);
      const end = body.indexOf('\r\n\r\n');
      const headers = new Map(
        body
          .toString('latin1', 0, end)
          .split('\r\n')
          .map((line): [string, string] => [line.split(':', 1)[0] ?? '', line.replace(/^[^:]*: */, '')]),
      );
      response.writeHead(Number(headers.get('Status')?.slice(0, 3) ?? 200), Object.fromEntries(headers));
      response.end(body.subarray(end + 4));
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }
}
