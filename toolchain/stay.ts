/** `npm run control-plane`: a control plane on which pods get ready, until Ctrl-C; prints the line that points a shell at it. */
import { asFailure } from '#runtime';
import { startControlPlane } from './control-plane.ts';
import { temporaryFolder } from './processes.ts';

try {
  const cluster = await startControlPlane({ folder: await temporaryFolder('plumbline-control-plane-'), kwok: true });
  console.log(`export KUBECONFIG=${cluster.kubeconfig}`);
  console.error('In another shell, evaluate the line above; Ctrl-C here ends the control plane and removes it.');
  setInterval(() => undefined, 60_000);
} catch (error) {
  console.error(`control-plane: ${asFailure(error).message}`);
  process.exitCode = 1;
}
