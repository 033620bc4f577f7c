/** Places our Kubernetes provider in each version that a program asks for, before the engine looks for it. */
import { join } from 'node:path';
import { isPlacedIn, placeProvider } from '../placement.ts';
import type { RequiredPackage } from './required-packages.ts';

/** Only in a PULUMI_HOME that Plumbline made: where the command line found another language host, nothing is placed. */
export async function offerKubernetes(
  required: readonly RequiredPackage[],
  environment: NodeJS.ProcessEnv,
): Promise<void> {
  const home = environment['PULUMI_HOME'];
  const wanted = required.filter(
    ({ name, parameterization }) => name === 'kubernetes' && parameterization === undefined,
  );
  if (!home || wanted.length === 0) return;
  const folder = join(home, 'plugins');
  if (!(await isPlacedIn(folder))) return;
  await Promise.all(wanted.map(({ version }) => placeProvider(folder, version)));
}
