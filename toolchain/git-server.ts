/** A real Git server on loopback: `git http-backend` behind HTTP, with faults to switch on. */
import { execFile, spawn } from 'node:child_process';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { createGunzip } from 'node:zlib';

const run = promisify(execFile);

/** A working copy that tests and the demo commit into. */
export class GitRepository {
  readonly folder: string;

  constructor(folder: string) {
    this.folder = folder;
  }

  async init(): Promise<this> {
    await mkdir(this.folder, { recursive: true });
    await this.git('init', '--quiet', '--initial-branch=main');
    await this.git('config', 'user.name', 'Ada Platform');
    await this.git('config', 'user.email', 'ada@example.com');
    await this.git('config', 'http.receivepack', 'true');
    // What the user's own configuration may ask for, and a repository made here must not depend on.
    await this.git('config', 'commit.gpgsign', 'false');
    await this.git('config', 'core.hooksPath', '/dev/null');
    return this;
  }

  async git(...args: string[]): Promise<string> {
    const { stdout } = await run('git', args, { cwd: this.folder });
    return stdout.trim();
  }

  /** Writes files (null removes one) and commits; the commit's id. */
  async commit(files: Readonly<Record<string, string | null>>, message = 'Change'): Promise<string> {
    for (const [path, content] of Object.entries(files)) {
      const file = join(this.folder, path);
      if (content === null) await rm(file, { recursive: true, force: true });
      else {
        await mkdir(dirname(file), { recursive: true });
        await writeFile(file, content);
      }
    }
    await this.git('add', '--all');
    await this.git('commit', '--quiet', '--allow-empty', '--message', message);
    return this.git('rev-parse', 'HEAD');
  }

  async revert(): Promise<string> {
    await this.git('revert', '--no-edit', 'HEAD');
    return this.git('rev-parse', 'HEAD');
  }
}

export interface GitServer extends AsyncDisposable {
  readonly url: string;
  /** Answers this status instead of serving, while set. */
  failWith: number | undefined;
  /** Takes requests and never answers, while true. */
  hang: boolean;
  /** Requires basic authentication, or a token, while set. */
  credentials: { readonly username: string; readonly password: string } | { readonly bearerToken: string } | undefined;
  requests: number;
}

/** Serves every repository below `root` at `url/<folder>/.git`; over https with a certificate. */
export async function startGitServer(
  root: string,
  tls?: { readonly certificate: string; readonly key: string },
): Promise<GitServer> {
  const answer = (request: IncomingMessage, response: ServerResponse): void => {
    state.requests += 1;
    if (state.hang) return;
    if (state.failWith !== undefined) return void response.writeHead(state.failWith).end();
    if (!allowed(request)) return void response.writeHead(401, { 'www-authenticate': 'Basic realm="git"' }).end();
    serve(root, request, response);
  };
  const server =
    tls === undefined ? createServer(answer) : createSecureServer({ cert: tls.certificate, key: tls.key }, answer);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const state: GitServer = {
    url: `${tls === undefined ? 'http' : 'https'}://127.0.0.1:${(server.address() as AddressInfo).port}`,
    failWith: undefined,
    hang: false,
    credentials: undefined,
    requests: 0,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  function allowed({ headers }: IncomingMessage): boolean {
    if (state.credentials === undefined) return true;
    if ('bearerToken' in state.credentials) return headers.authorization === `Bearer ${state.credentials.bearerToken}`;
    const { username, password } = state.credentials;
    return headers.authorization === `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
  }
  return state;
}

function serve(root: string, request: IncomingMessage, response: ServerResponse): void {
  const url = new URL(request.url ?? '/', 'http://git');
  const backend = spawn('git', ['http-backend'], {
    env: {
      PATH: process.env['PATH'] ?? '',
      GIT_PROJECT_ROOT: root,
      GIT_HTTP_EXPORT_ALL: '1',
      PATH_INFO: decodeURIComponent(url.pathname),
      QUERY_STRING: url.search.slice(1),
      REQUEST_METHOD: request.method ?? 'GET',
      CONTENT_TYPE: request.headers['content-type'] ?? '',
      GIT_PROTOCOL: String(request.headers['git-protocol'] ?? ''),
      REMOTE_ADDR: '127.0.0.1',
      REMOTE_USER: 'demo',
    },
  });
  const body = request.headers['content-encoding'] === 'gzip' ? request.pipe(createGunzip()) : request;
  body.pipe(backend.stdin).on('error', () => request.destroy());
  let head = Buffer.alloc(0);
  let started = false;
  backend.stdout.on('data', (chunk: Buffer) => {
    if (started) return void response.write(chunk);
    head = Buffer.concat([head, chunk]);
    const end = head.indexOf('\r\n\r\n');
    if (end < 0) return;
    started = true;
    const headers = head
      .subarray(0, end)
      .toString()
      .split('\r\n')
      .map((line) => line.split(': ') as [string, string]);
    const status = Number(headers.find(([name]) => name === 'Status')?.[1]?.slice(0, 3) ?? 200);
    response.writeHead(status, Object.fromEntries(headers.filter(([name]) => name !== 'Status')));
    response.write(head.subarray(end + 4));
  });
  backend.once('close', () => response.end());
  backend.once('error', () => response.writeHead(500).end());
}
