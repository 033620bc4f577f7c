/** Builds what ships, and starts the control planes of the integration tests, one a worker of jest; tells by environment where they are. */
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { startControlPlane, type ControlPlane } from '#toolchain';

declare global {
  // Handed from set-up to tear-down, which run in one process.
  var plumblineControlPlanes: ControlPlane[] | undefined;
}

const root = join(import.meta.dirname, '..', '..');

/** Operators of two tests on one API server would reconcile each other's stacks. */
export default async function setUp({ maxWorkers }: { readonly maxWorkers: number }): Promise<void> {
  process.env['PLUMBLINE_TEST_BUILD'] = await build();
  globalThis.plumblineControlPlanes = [];
  for (let worker = 1; worker <= maxWorkers; worker += 1) {
    const folder = await mkdtemp(join(tmpdir(), 'plumbline-test-'));
    const cluster = await startControlPlane({ folder, controllerManager: true });
    globalThis.plumblineControlPlanes.push(cluster);
    process.env[`PLUMBLINE_TEST_KUBECONFIG_${worker}`] = cluster.kubeconfig;
  }
}

/** Operators and commands are started by the hundred: built ones take a quarter of the time, and are those that users have. */
async function build(): Promise<string> {
  const parent = join(root, 'build');
  await mkdir(parent, { recursive: true });
  const folder = await mkdtemp(join(parent, 'test-'));
  await promisify(execFile)(process.execPath, ['--disable-warning=ExperimentalWarning', 'build.ts', folder], {
    cwd: root,
  });
  return folder;
}
