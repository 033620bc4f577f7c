import { expect, test } from '@jest/globals';
import { loadClusterConfig, Transport } from '#kube';
import { kubeconfig } from '#testing';

test('a request whose signal is aborted while the token is read ends with the reason, and closing stays quiet', async () => {
  const config = await loadClusterConfig({ kubeconfig });
  const stop = new AbortController();
  const reason = new Error('told to stop');
  const token = async (): Promise<string | undefined> => {
    stop.abort(reason);
    return config.token?.();
  };
  const thrown: unknown[] = [];
  const note = (error: unknown): void => void thrown.push(error);
  process.on('uncaughtException', note);
  try {
    const transport = new Transport({ ...config, token });
    await expect(transport.request({ method: 'GET', path: '/version', signal: stop.signal })).rejects.toBe(reason);
    await transport.close();
    await new Promise((resolve) => setImmediate(resolve));
    expect(thrown).toEqual([]);
  } finally {
    process.off('uncaughtException', note);
  }
});
