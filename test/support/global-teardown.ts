/** Ends the control plane of the integration tests and removes its folder. */
import { rm } from 'node:fs/promises';

export default async function tearDown(): Promise<void> {
  const cluster = globalThis.plumblineControlPlane;
  await cluster?.stop();
  if (cluster !== undefined) await rm(cluster.folder, { recursive: true, force: true });
}
