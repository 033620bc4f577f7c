/** Free ports on loopback, and the wait until something answers there. */
import { connect, createServer } from 'node:net';
import { request } from 'node:https';
import { failure, systemClock } from '#runtime';

/** As many free ports, held open together so that no two are the same. */
export async function freePorts(count: number): Promise<readonly number[]> {
  const servers = Array.from({ length: count }, () => createServer());
  const ports = await Promise.all(
    servers.map(
      (server) =>
        new Promise<number>((resolve, reject) => {
          server.once('error', reject);
          server.listen(0, '127.0.0.1', () => {
            const address = server.address();
            if (typeof address === 'object' && address !== null) resolve(address.port);
          });
        }),
    ),
  );
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}

/** Waits until something accepts connections on the port. @throws when `check` does, and Failure ToolFailed when it takes too long */
export async function untilListening(port: number, check: () => Promise<void>, withinMs = 30_000): Promise<void> {
  const since = systemClock.now();
  while (systemClock.now() - since < withinMs) {
    await check();
    const accepted = await new Promise<boolean>((resolve) => {
      const socket = connect(port, '127.0.0.1');
      socket.once('connect', () => socket.end(() => resolve(true)));
      socket.once('error', () => resolve(false));
    });
    if (accepted) return;
    await systemClock.sleep(25);
  }
  throw failure('ToolFailed', { what: `nothing listened within ${withinMs / 1000} s`, where: `127.0.0.1:${port}` });
}

export interface ReadyOptions {
  readonly server: string;
  readonly ca: string;
  readonly token: string;
  readonly withinMs: number;
  /** Throws when there is no point in waiting any longer. */
  readonly check: () => Promise<void>;
}

/** Waits until the API server says that it is ready. Throws ToolFailed when it does not in time. */
export async function untilReady({ server, ca, token, withinMs, check }: ReadyOptions): Promise<void> {
  const since = systemClock.now();
  let found = 'no answer';
  while (systemClock.now() - since < withinMs) {
    await check();
    const { status, text } = await get(`${server}/readyz`, ca, token);
    if (status === 200) return;
    if (status > 0) found = `HTTP ${status} ${text.slice(0, 300)}`;
    await systemClock.sleep(25);
  }
  const what = `the API server was not ready within ${withinMs / 1000} s`;
  throw failure('ToolFailed', { what, where: server, found });
}

function get(url: string, ca: string, token: string): Promise<{ readonly status: number; readonly text: string }> {
  return new Promise((resolve) => {
    const options = { ca, headers: { authorization: `Bearer ${token}` }, agent: false, timeout: 2000 };
    const call = request(url, options, (response) => {
      let text = '';
      response.on('data', (chunk: Buffer) => (text += chunk.toString()));
      response.on('end', () => resolve({ status: response.statusCode ?? 0, text }));
      response.on('error', () => resolve({ status: 0, text }));
    });
    call.on('timeout', () => call.destroy());
    call.on('error', () => resolve({ status: 0, text: '' }));
    call.end();
  });
}
