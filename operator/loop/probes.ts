/** `/healthz`, `/readyz` and `/metrics` over HTTP. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Metrics } from '#runtime';

export interface ProbesOptions {
  /** `host:port`, `:port`; port 0 takes a free one. */
  readonly address: string;
  readonly metrics: Metrics;
  readonly ready: () => boolean;
  /** Called before the metrics are written, to fill in gauges that are read rather than counted. */
  readonly refresh?: () => void;
}

export interface Probes {
  readonly port: number;
  stop(): Promise<void>;
}

/** Far more than a kubelet and a few scrapers need. */
const mostConnections = 64;

export async function startProbes(options: ProbesOptions): Promise<Probes> {
  const server = createServer({ requestTimeout: 10_000 }, (request, response) => {
    // A bad request, or a gauge that cannot be read, is an answer and never the end of the operator.
    respond(request, response, options).catch((error: unknown) => answer(response, 500, String(error)));
  });
  server.maxConnections = mostConnections;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(parseAddress(options.address), resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function respond(
  { url = '/' }: IncomingMessage,
  response: ServerResponse,
  { metrics, ready, refresh }: ProbesOptions,
): Promise<void> {
  switch (url.split('?', 1)[0]) {
    case '/healthz':
      return answer(response, 200, 'ok');
    case '/readyz':
      return ready() ? answer(response, 200, 'ok') : answer(response, 503, 'not ready');
    case '/metrics':
      refresh?.();
      return answer(response, 200, await metrics.registry.metrics(), metrics.registry.contentType);
    default:
      return answer(response, 404, 'not found');
  }
}

function parseAddress(address: string): { readonly port: number; readonly host?: string } {
  const colon = address.lastIndexOf(':');
  const host = address.slice(0, Math.max(colon, 0)).replace(/^\[(.*)\]$/, '$1');
  return { port: Number(address.slice(colon + 1)), ...(host === '' ? {} : { host }) };
}

function answer(response: ServerResponse, status: number, text: string, type = 'text/plain'): void {
  response.writeHead(status, { 'content-type': type }).end(text);
}
