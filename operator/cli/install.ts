/** `plumbline install`: applies CRDs, RBAC and the operator by server-side apply, and waits for the CRDs. */
import { Option, type Command } from 'commander';
import { apiFailure, applyObject, getObject, objectKey, type KubeObject } from '#kube';
import { failure, systemClock } from '#runtime';
import { addClusterOptions, withCluster, type Cluster, type ClusterOptions } from './cluster.ts';
import { components, parseComponents, readInstallation, resourceOf } from './installation.ts';
import { serialise, withProgress } from './output.ts';

interface InstallOptions extends ClusterOptions {
  readonly components: string;
  readonly dryRun?: true;
  readonly force?: true;
  readonly image?: string;
  readonly memory?: string;
  readonly output?: 'json' | 'yaml';
}

const establishedWithinMs = 30_000;
const lookAgainMs = 100;

export function define(command: Command): void {
  addClusterOptions(command)
    .option('--components <list>', 'what to install', components.join(','))
    .option('--image <image>', "the operator's image, when it is not the released one")
    .option('--memory <quantity>', "the operator's limit, of which runs of Pulumi programs get all but 512Mi")
    .option('--dry-run', 'have the API server check everything and change nothing')
    .option('--force', 'take over fields that another manager owns')
    .addOption(
      new Option('-o, --output <format>', 'print the objects, and contact no cluster').choices(['json', 'yaml']),
    )
    .action(async (options: InstallOptions) => {
      const objects = await readInstallation(parseComponents(options.components), options);
      if (options.output === undefined) await withCluster(options, (cluster) => install(cluster, objects, options));
      else process.stdout.write(print(objects, options.output));
    });
}

function print(objects: readonly KubeObject[], format: 'json' | 'yaml'): string {
  if (format === 'yaml') return objects.map((object) => serialise(object, format)).join('---\n');
  return serialise({ apiVersion: 'v1', kind: 'List', items: objects }, format);
}

async function install(
  cluster: Cluster,
  objects: readonly KubeObject[],
  { dryRun = false, force = false }: { readonly dryRun?: boolean; readonly force?: boolean },
): Promise<void> {
  // A dry run creates no namespace, so the objects in it would be refused; its own acceptance is what can be known.
  const missing = dryRun ? await missingNamespaces(cluster, objects) : new Set<string>();
  for (const object of objects) {
    const key = objectKey(object);
    if (missing.has(object.metadata.namespace ?? '')) {
      process.stdout.write(`${key} not checked: its namespace does not exist yet (dry run)\n`);
      continue;
    }
    const resource = await resourceOf(cluster, object);
    if (resource === undefined)
      throw failure('UnknownKind', { what: `the API server does not serve ${object.apiVersion} ${object.kind}` });
    const { created } = await applyObject({ transport: cluster.transport, resource, object, force, dryRun }).catch(
      (error: unknown) => {
        throw apiFailure(error, { verb: 'patch', key });
      },
    );
    process.stdout.write(`${key} ${created ? 'created' : 'applied'}${dryRun ? ' (dry run)' : ''}\n`);
  }
  if (!dryRun) await withProgress('waiting for the CRDs', established(cluster, objects));
}

async function missingNamespaces(cluster: Cluster, objects: readonly KubeObject[]): Promise<Set<string>> {
  const missing = new Set<string>();
  for (const object of objects.filter(({ kind }) => kind === 'Namespace')) {
    const { name } = object.metadata;
    const resource = await resourceOf(cluster, object);
    if (resource && !(await getObject({ transport: cluster.transport, resource, name }))) missing.add(name);
  }
  return missing;
}

interface CrdStatus {
  readonly status?: { readonly conditions?: readonly { readonly type: string; readonly status: string }[] };
}

async function established(cluster: Cluster, objects: readonly KubeObject[]): Promise<void> {
  const until = systemClock.now() + establishedWithinMs;
  for (const crd of objects.filter(({ kind }) => kind === 'CustomResourceDefinition')) {
    const resource = await resourceOf(cluster, crd);
    const { name } = crd.metadata;
    const isThere = async (): Promise<boolean> => {
      const live = resource && (await getObject<CrdStatus>({ transport: cluster.transport, resource, name }));
      return live?.status?.conditions?.some(({ type, status }) => type === 'Established' && status === 'True') ?? false;
    };
    while (!(await isThere())) {
      if (systemClock.now() > until)
        throw failure('TimedOut', {
          what: `CustomResourceDefinition ${name} is not Established`,
          expected: `within ${establishedWithinMs / 1000} s`,
        });
      await systemClock.sleep(lookAgainMs);
    }
  }
}
