/** `npm run run-memory [-- NAME...]`: what runs of Pulumi programs take at their peak, with types checked, without, and of the samples. */
import { cp, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cluster, PulumiRuns, type Changes } from '#testing';
import { startControlPlane } from '#toolchain';
import { table } from '../operator/cli/output.ts';
import { MemoryWatch, roles } from './run-processes.ts';

const root = join(import.meta.dirname, '..');

/** As many ConfigMaps as asked for. */
const program = (count: number): string => `
import * as k8s from '@pulumi/kubernetes';
interface Part { readonly index: number; }
const parts: Part[] = [...Array(${count}).keys()].map((index: number): Part => ({ index }));
export const names = parts.map(({ index }) => new k8s.core.v1.ConfigMap('c' + index, {
  metadata: { name: 'c' + index, namespace: process.env.NAMESPACE },
  data: { text: 'x'.repeat(500) },
}).metadata.name);
`;

const checked = { PULUMI_NODEJS_TRANSPILE_ONLY: 'false' };
const stripped = 'name: shop\nruntime: { name: nodejs, options: { typescript: false } }\nmain: index.ts\n';

interface Case {
  readonly name: string;
  readonly environment?: Readonly<Record<string, string>>;
  readonly count?: number;
  readonly files?: Readonly<Record<string, string>>;
  readonly path?: string;
}

const cases: readonly Case[] = [
  { name: 'stacks/infra', path: 'stacks/infra' },
  { name: 'stacks/addons', path: 'stacks/addons' },
  { name: '1 resource, types checked', count: 1, environment: checked },
  { name: '1 resource', count: 1 },
  { name: '1 resource, types stripped by Node', count: 1, files: { 'Pulumi.yaml': stripped } },
  { name: '200 resources, types checked', count: 200, environment: checked },
  { name: '200 resources', count: 200 },
  { name: '1,000 resources', count: 1000 },
];

const wanted = process.argv.slice(2);
const folder = await mkdtemp(join(tmpdir(), 'plumbline-run-memory-'));
const control = await startControlPlane({ folder, kwok: true });
try {
  await using world = await cluster(control.kubeconfig);
  await using runs = await PulumiRuns.create(world, { file: control.kubeconfig, tools: ['pulumi', 'helm'] });
  await world.apply(`
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: { name: run-memory }
roleRef: { apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: cluster-admin }
subjects: [{ kind: ServiceAccount, name: deployer, namespace: ${runs.namespace} }]
`);
  const rows: string[][] = [];
  for (const one of cases) {
    if (wanted.length > 0 && !wanted.includes(one.name)) continue;
    process.stderr.write(`${one.name}\n`);
    rows.push(...(await measure(runs, one)));
  }
  const header = ['PROGRAM', 'RUN', 'SECONDS', ...roles.map((role) => role.toUpperCase()), 'BESIDE', 'ALL'];
  process.stdout.write(table(header, rows));
} finally {
  await control.stop();
  await rm(folder, { recursive: true, force: true });
}

async function measure(runs: PulumiRuns, { name, count, files, path, environment }: Case): Promise<string[][]> {
  if (count === undefined) await copySamples(join(runs.folder, 'source'));
  else
    await runs.write({
      'Pulumi.yaml': 'name: shop\nruntime: nodejs\nmain: index.ts\n',
      ...files,
      'index.ts': program(count),
    });
  const changes: Changes = {
    pulumiStack: name.replaceAll(/[^a-z0-9]+/g, '-'),
    environment: { NAMESPACE: runs.namespace, ...environment },
    limits: { timeoutMs: 300_000, memoryMiB: 2048 },
    ...(path === undefined ? {} : { path }),
  };
  const rows: string[][] = [];
  for (const operation of ['up', 'destroy'] as const) {
    const started = performance.now();
    using watch = new MemoryWatch(runs.folder);
    await runs.run(operation, changes);
    const { resident, beside, all } = watch.peaks;
    const seconds = ((performance.now() - started) / 1000).toFixed(1);
    const peaks = [...roles.map((role) => resident.get(role) ?? 0), beside, all].map((mib) => mib.toFixed(0));
    rows.push([name, operation, seconds, ...peaks]);
    process.stderr.write(`  ${operation} ${seconds} s, ${peaks.join(' ')}\n`);
  }
  return rows;
}

async function copySamples(source: string): Promise<void> {
  await rm(source, { recursive: true, force: true });
  await mkdir(source);
  await cp(join(root, 'stacks'), join(source, 'stacks'), { recursive: true });
  await cp(join(root, 'charts', 'dist'), join(source, 'charts', 'dist'), { recursive: true });
}
