/** Pulumi programs on their way through the real operator: how they are written, and what is left of them. */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { toolPaths } from '#toolchain';
import { startTestOperator, type TestOperator } from './operator.ts';
import type { Platform } from './platform.ts';

/** With pulumi on its PATH. */
export async function startPulumiOperator(...flags: readonly string[]): Promise<TestOperator> {
  const { pulumi } = await toolPaths(['pulumi']);
  process.env['PATH'] = `${dirname(pulumi)}:${process.env['PATH'] ?? ''}`;
  return startTestOperator(...flags);
}

/** A run takes some five seconds on a quiet machine, and minutes on one that is busy. */
export const runWithinMs = 240_000;

/** What every program of these tests begins with; in plain JavaScript, which starts at once. */
const beginning = `
const pulumi = require('@pulumi/pulumi');
const { ConfigMap, Secret } = require('@pulumi/kubernetes/core/v1');
const config = new pulumi.Config();
const namespace = config.require('namespace');
const map = (name, data = {}, options = {}, annotations = {}) =>
  new ConfigMap(name, { metadata: { name, namespace, annotations }, data }, options);
/** Is there only once somebody has labelled it. */
const gate = (name, options = {}) =>
  map(name, {}, options, { 'pulumi.com/waitFor': 'jsonpath={.metadata.labels.open}=yes' });
`;

/** Pulumi.yaml of a program in plain JavaScript: told so, Pulumi does not load the compiler. */
export const plainProject = 'name: shop\nruntime: {name: nodejs, options: {typescript: false}}\n';

/** Files of a program in a folder; its outputs are assigned to `exports`. */
export const program = (folder: string, text: string): Record<string, string> => ({
  [`${folder}/Pulumi.yaml`]: plainProject,
  [`${folder}/index.js`]: `${beginning}\n${text}\n`,
});

/** Creates or changes a stack of such a program; more of `spec.pulumi` and of `spec` in flow YAML. */
export function pulumiStack(platform: Platform, name: string, pulumi = '', spec = ''): Promise<void> {
  const config = `config: {namespace: ${platform.namespace}}`;
  return platform.stack(name, `engine: pulumi, timeout: 2m, ${spec} pulumi: {stack: dev, ${config}, ${pulumi}}`);
}

/** Lets the program go on behind a `gate`. */
export const openGate = (platform: Platform, name: string): Promise<void> =>
  platform.cluster.edit(
    { apiVersion: 'v1', kind: 'ConfigMap', name, namespace: platform.namespace },
    { metadata: { labels: { open: 'yes' } } },
  );

/** Names of the Secrets and the Lease that hold the state of a stack. */
export async function stateObjects({ cluster, namespace }: Platform, stack: string): Promise<string[]> {
  const found: string[] = [];
  for (const [path, kind] of [
    [`/api/v1/namespaces/${namespace}/secrets`, 'Secret'],
    [`/apis/coordination.k8s.io/v1/namespaces/${namespace}/leases`, 'Lease'],
  ] as const) {
    const { body } = await cluster.transport.request<{ items: { metadata: { name: string } }[] }>({
      method: 'GET',
      path,
    });
    const names = body.items.map(({ metadata }) => metadata.name).filter((name) => name.startsWith(`${stack}-pulumi`));
    found.push(...names.map((name) => `${kind}/${name}`));
  }
  return found.sort();
}

/** Who holds the lock of the state now. */
export async function lockHolder({ cluster, namespace }: Platform, stack: string): Promise<string | undefined> {
  const lease = await cluster.get('coordination.k8s.io/v1', 'Lease', `${stack}-pulumi-state`, namespace);
  const { holderIdentity } = (lease?.['spec'] ?? {}) as { readonly holderIdentity?: string };
  // One that was given back has an empty holder.
  return holderIdentity === '' ? undefined : holderIdentity;
}

/** Processes of the operator's runs, by id. */
function processesOf({ folder }: Pick<TestOperator, 'folder'>): Map<number, string> {
  const found = new Map<number, string>();
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name) || Number(name) === process.pid) continue;
    try {
      const isOurs = readFileSync(`/proc/${name}/environ`, 'utf8').includes(`${folder}/data/pulumi/runs`);
      if (isOurs) found.set(Number(name), readFileSync(`/proc/${name}/cmdline`, 'utf8').replaceAll('\0', ' '));
    } catch {
      // It ended while it was looked at.
    }
  }
  return found;
}

/** Processes of the operator's runs, by what they are. */
export const runProcesses = (operator: Pick<TestOperator, 'folder'>): string[] => [...processesOf(operator).values()];

/** The engines of the runs in hand stand still until disposed of: whatever they are told, they hear it only then. */
export function haltEngines(operator: TestOperator): Disposable {
  const pids = [...processesOf(operator)].filter(([, line]) => /^\S*pulumi up /.test(line)).map(([pid]) => pid);
  if (pids.length === 0) throw new Error('no engine is at work');
  for (const pid of pids) process.kill(pid, 'SIGSTOP');
  return { [Symbol.dispose]: () => void pids.forEach((pid) => process.kill(pid, 'SIGCONT')) };
}

/** Purposes of the runs so far, as the log tells when one begins. */
export const runsBegun = async (operator: TestOperator): Promise<string[]> =>
  (await operator.log())
    .split('\n')
    .filter((line) => line.includes('"a run begins"'))
    .map((line) => (JSON.parse(line) as { run: string }).run);
