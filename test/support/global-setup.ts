/** Starts the control planes of the integration tests, one a worker of jest, and tells where each is by environment. */
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startControlPlane, type ControlPlane } from '#toolchain';

declare global {
  // Handed from set-up to tear-down, which run in one process.
  var plumblineControlPlanes: ControlPlane[] | undefined;
}

/** Operators of two tests on one API server would reconcile each other's stacks. */
export default async function setUp({ maxWorkers }: { readonly maxWorkers: number }): Promise<void> {
  globalThis.plumblineControlPlanes = [];
  for (let worker = 1; worker <= maxWorkers; worker += 1) {
    const folder = await mkdtemp(join(tmpdir(), 'plumbline-test-'));
    const cluster = await startControlPlane({ folder, controllerManager: true });
    globalThis.plumblineControlPlanes.push(cluster);
    process.env[`PLUMBLINE_TEST_KUBECONFIG_${worker}`] = cluster.kubeconfig;
  }
}
