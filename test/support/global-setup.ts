/** Starts one control plane for all integration tests, and tells them where it is by environment. */
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startControlPlane, type ControlPlane } from '#toolchain';

declare global {
  // Handed from set-up to tear-down, which run in one process.
  var plumblineControlPlane: ControlPlane | undefined;
}

export default async function setUp(): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'plumbline-test-'));
  const cluster = await startControlPlane({ folder, controllerManager: true });
  globalThis.plumblineControlPlane = cluster;
  process.env['PLUMBLINE_TEST_KUBECONFIG'] = cluster.kubeconfig;
}
