/** Ends the control planes of the integration tests and removes their folders, and what was built. */
import { rm } from 'node:fs/promises';

export default async function tearDown(): Promise<void> {
  for (const cluster of globalThis.plumblineControlPlanes ?? []) {
    await cluster.stop();
    await rm(cluster.folder, { recursive: true, force: true });
  }
  const { PLUMBLINE_TEST_BUILD: build } = process.env;
  if (build !== undefined) await rm(build, { recursive: true, force: true });
}
