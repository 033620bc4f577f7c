/** What runs of the Pulumi engine need of this process: where programs are, where state and packages are kept, how much memory there is. */
import { dirname, delimiter, join } from 'node:path';
import type { Config } from '#config';
import { createDependencies, shippedPackages } from '#dependencies';
import { Admission, type PulumiEngineOptions } from '#engines';
import type { ClusterConfig, Discovery, Transport } from '#kube';
import { createRunner } from '#run';
import type { Clock, Log } from '#runtime';
import { createStateStore } from '#state';

export interface PulumiPartsOptions {
  readonly config: Config;
  readonly clock: Clock;
  readonly log: Log;
  readonly transport: Transport;
  readonly cluster: ClusterConfig;
  readonly discovery: Discovery;
}

type PulumiParts = Pick<PulumiEngineOptions, 'runner' | 'states' | 'folder' | 'admission'>;

/** Of installed packages together; the scratch volume of the Deployment has room for the rest. */
const mostPackageBytes = 2 * 2 ** 30;

/** Nothing is started, and nothing of Pulumi loaded, before the first run. */
export async function pulumiParts(options: PulumiPartsOptions, started: AsyncDisposableStack): Promise<PulumiParts> {
  const { config, clock, log, transport } = options;
  const folder = join(config.dataFolder, 'pulumi');
  const { PATH = '', ...proxies } = config.gitEnvironment;
  const wayOut = { ...proxies, ...config.trust };
  const path = [dirname(process.execPath), ...PATH.split(delimiter)];
  const environment = { ...wayOut, PATH: path.join(delimiter) };
  const dependencies = await createDependencies({
    folder: join(folder, 'packages'),
    clock,
    maxBytes: mostPackageBytes,
    shipped: shippedPackages(),
    environment,
  });
  started.use(dependencies);
  const runner = createRunner({ ...options, folder, programs: { path, environment: wayOut }, dependencies });
  const states = createStateStore({
    transport,
    clock,
    log,
    identity: config.identity,
    folder: join(folder, 'state'),
    pulumi: { program: 'pulumi', environment },
  });
  return { runner, states, folder: join(folder, 'projects'), admission: new Admission(config.pulumiMemoryMiB) };
}
