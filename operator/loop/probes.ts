/** `/healthz`, `/readyz` and `/metrics` over HTTP. */
import { createServer, type ServerResponse } from 'node:http';
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

export async function startProbes({ address, metrics, ready, refresh }: ProbesOptions): Promise<Probes> {
  const server = createServer((request, response) => {
    const path = new URL(request.url ?? '/', 'http://probes').pathname;
    if (path === '/healthz') return answer(response, 200, 'ok');
    if (path === '/readyz') return answer(response, ready() ? 200 : 503, ready() ? 'ok' : 'not ready');
    if (path !== '/metrics') return answer(response, 404, 'not found');
    refresh?.();
    metrics.registry.metrics().then(
      (text) => answer(response, 200, text, metrics.registry.contentType),
      (error: unknown) => answer(response, 500, String(error)),
    );
  });
  const colon = address.lastIndexOf(':');
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(Number(address.slice(colon + 1)), address.slice(0, colon) || undefined, resolve);
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

function answer(response: ServerResponse, status: number, text: string, type = 'text/plain'): void {
  response.writeHead(status, { 'content-type': type }).end(text);
}
