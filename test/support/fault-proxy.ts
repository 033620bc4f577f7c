/** An HTTP proxy before the API server that does wrong on purpose: cuts, chops, silences, refuses. */
import {
  createServer,
  request,
  type ClientRequest,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http';
import { request as secureRequest } from 'node:https';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import type { ClusterConfig } from '#kube';

export interface Fault {
  /** Answers so instead of asking the API server. */
  readonly refuse?: { readonly status: number; readonly headers?: Record<string, string>; readonly body?: string };
  /** Cuts the connection without asking the API server. */
  readonly drop?: boolean;
  /** Asks the API server only after so long, and not at all when the client has gone by then. */
  readonly delayMs?: number;
  /** Asks the API server, and cuts the connection instead of passing on the answer. */
  readonly swallow?: boolean;
  /** Asks the API server, and passes on nothing of the answer, whose status it tells: the client waits for ever. */
  readonly hold?: (status: number) => void;
  /** Asks the API server only then, also when the client has gone by then, and passes on nothing. */
  readonly askAfter?: Promise<void>;
  /** Cuts the connection after so many bytes of the answer. */
  readonly cutAfter?: number;
  /** Passes the answer on in pieces of so many bytes. */
  readonly pieces?: number;
  /** Passes on nothing of the answer's body. */
  readonly silent?: boolean;
  /** Asks with this Accept header. */
  readonly accept?: string;
}

export class FaultProxy implements AsyncDisposable {
  /** Decides for each request, by method and path with query, what goes wrong. */
  fault: (method: string, url: string) => Fault | undefined = () => undefined;
  readonly #target: URL;
  readonly #ca: string | undefined;
  readonly #server: Server;
  readonly #watches = new Set<ServerResponse>();

  private constructor({ server, ca }: ClusterConfig) {
    this.#target = new URL(server);
    this.#ca = ca;
    this.#server = createServer((incoming, outgoing) => this.#pass(incoming, outgoing));
  }

  static async start(config: ClusterConfig): Promise<FaultProxy> {
    const proxy = new FaultProxy(config);
    proxy.#server.listen(0, '127.0.0.1');
    await once(proxy.#server, 'listening');
    return proxy;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** A kubeconfig that leads through the proxy. client-node speaks HTTP only where TLS is not verified. */
  kubeconfig(token: string): string {
    return JSON.stringify({
      clusters: [{ name: 'c', cluster: { server: this.url, 'insecure-skip-tls-verify': true } }],
      users: [{ name: 'u', user: { token } }],
      contexts: [{ name: 'x', context: { cluster: 'c', user: 'u' } }],
      'current-context': 'x',
    });
  }

  get openWatches(): number {
    return this.#watches.size;
  }

  /** Ends every open watch: cleanly with the line (which may be empty) as its last event, or in the middle of one. */
  endWatches(line?: string): void {
    for (const watch of this.#watches) {
      if (line !== undefined) watch.end(`${line}\n`);
      else if (watch.headersSent) watch.write('{"type":"MODIFIED","obj', () => watch.destroy());
      else watch.destroy();
    }
    this.#watches.clear();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }

  #pass(incoming: IncomingMessage, outgoing: ServerResponse): void {
    const { method = 'GET', url = '/' } = incoming;
    const fault = this.fault(method, url) ?? {};
    if (fault.drop === true) {
      outgoing.destroy();
      return;
    }
    if (fault.refuse !== undefined) {
      outgoing.writeHead(fault.refuse.status, fault.refuse.headers);
      outgoing.end(fault.refuse.body);
      return;
    }
    if (fault.askAfter !== undefined) return void this.#askLate(incoming, fault.askAfter);
    if (fault.delayMs === undefined) return this.#ask(incoming, outgoing, fault);
    const late = setTimeout(() => this.#ask(incoming, outgoing, fault), fault.delayMs);
    outgoing.once('close', () => clearTimeout(late));
  }

  async #askLate(incoming: IncomingMessage, askAfter: Promise<void>): Promise<void> {
    const body = await buffer(incoming);
    await askAfter;
    const outward = this.#request(incoming, incoming.headers);
    outward.on('response', (answer) => answer.resume());
    // Nobody is there to be told.
    outward.on('error', () => undefined);
    outward.end(body);
  }

  #request({ method = 'GET', url = '/' }: IncomingMessage, headers: IncomingHttpHeaders): ClientRequest {
    const ask = this.#target.protocol === 'https:' ? secureRequest : request;
    return ask(new URL(url, this.#target), { method, headers, ca: this.#ca, agent: false });
  }

  #ask(incoming: IncomingMessage, outgoing: ServerResponse, fault: Fault): void {
    const { url = '/' } = incoming;
    const headers = { ...incoming.headers, ...(fault.accept === undefined ? {} : { accept: fault.accept }) };
    const outward = this.#request(incoming, headers);
    outward.on('response', (answer) => {
      if (fault.swallow === true) {
        outgoing.destroy();
        return;
      }
      if (fault.hold !== undefined) {
        answer.resume();
        fault.hold(answer.statusCode ?? 502);
        return;
      }
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
      outgoing.flushHeaders();
      if (url.includes('watch=true')) this.#watches.add(outgoing);
      void this.#body(answer, outgoing, fault);
    });
    outward.on('error', () => outgoing.destroy());
    outgoing.on('close', () => {
      this.#watches.delete(outgoing);
      outward.destroy();
    });
    incoming.pipe(outward);
  }

  async #body(answer: IncomingMessage, outgoing: ServerResponse, fault: Fault): Promise<void> {
    const { cutAfter = Infinity, pieces = Infinity, silent = false } = fault;
    let left = cutAfter;
    try {
      for await (const piece of chopped(answer, pieces)) {
        if (silent || outgoing.writableEnded) continue;
        outgoing.write(piece.subarray(0, Math.min(left, piece.length)));
        left -= piece.length;
        if (left <= 0) break;
      }
      if (left > 0) outgoing.end();
      // What was written so far goes out first.
      else outgoing.write('', () => outgoing.destroy());
    } catch {
      outgoing.destroy();
    }
  }
}

/** With a turn of the event loop between pieces, so that they do not travel as one. */
async function* chopped(chunks: AsyncIterable<Buffer>, size: number): AsyncGenerator<Buffer> {
  for await (const chunk of chunks) {
    for (let at = 0; at < chunk.length; at += size) {
      yield chunk.subarray(at, Math.min(at + size, chunk.length));
      if (size < chunk.length) await new Promise((resolve) => setImmediate(resolve));
    }
  }
}
