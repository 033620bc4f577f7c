/** What helm knows of a release, and what the engine keeps of it, laid out as the official provider does. */
import { createHash } from 'node:crypto';
import { readDocuments } from '../packages/manifests.ts';
import { isMap, unknown, type Value, type ValueMap } from '../property.ts';
import { markSecrets } from '../secrets.ts';
import type { Owner } from '../settings.ts';
import { given } from './chart.ts';
import type { Helm } from './helm.ts';

export interface ReleaseName {
  readonly namespace: string;
  readonly name: string;
}

export interface Standing {
  readonly revision: number;
  /** `deployed`, `failed`, `pending-install`, `pending-upgrade`, `uninstalling`… */
  readonly status: string;
  readonly chart: string;
  readonly version: string;
  readonly appVersion: string;
  /** As the user gave them. */
  readonly values: ValueMap;
  readonly manifest: string;
}

/** Label of helm's own record, by which a run finds the release of one that was cut off. */
export const markName = 'plumbline.dev/release-of';

/** Undefined at a desk, where nothing is marked. */
export const markOf = (owner: Owner | undefined, urn: string): string | undefined =>
  owner && createHash('sha256').update(`${owner.namespace}/${owner.name} ${urn}`).digest('hex').slice(0, 40);

interface Listed {
  readonly status: string;
}

/** Its status, whatever it is; undefined when helm has no such release, or none with the mark. @throws Failure ToolFailed */
export async function statusOf(
  helm: Helm,
  { namespace, name }: ReleaseName,
  mark?: string,
): Promise<string | undefined> {
  const marked = given('--selector', mark === undefined ? undefined : `${markName}=${mark}`);
  const exactly = `^${name.replaceAll('.', '\\.')}$`;
  const args = ['list', '--all', '--namespace', namespace, '--filter', exactly, '--output', 'json', ...marked];
  const [found] = JSON.parse(await helm.runInCluster({ args })) as Listed[];
  return found?.status;
}

/** Undefined when helm has no such release. @throws Failure ToolFailed */
export async function readRelease(helm: Helm, release: ReleaseName): Promise<Standing | undefined> {
  if ((await statusOf(helm, release)) === undefined) return undefined;
  const of = ['--namespace', release.namespace];
  const json = async (...args: string[]): Promise<unknown> =>
    JSON.parse(await helm.runInCluster({ args: [...args, release.name, ...of, '--output', 'json'] }));
  const metadata = (await json('get', 'metadata')) as Omit<Standing, 'values' | 'manifest'>;
  const values = ((await json('get', 'values')) ?? {}) as ValueMap;
  const manifest = await helm.runInCluster({ args: ['get', 'manifest', release.name, ...of] });
  return { ...metadata, values, manifest };
}

/** Inputs and what helm made of them. */
export function outputsOf(inputs: ValueMap, release: ReleaseName, standing: Standing): ValueMap {
  const { revision, status, chart, version, appVersion, manifest } = standing;
  return markSecrets(
    {
      ...inputs,
      version,
      resourceNames: resourceNames(manifest),
      status: { ...release, revision, status, chart, version, appVersion },
    },
    inputs,
  );
}

export const plannedOutputs = (inputs: ValueMap): ValueMap => ({ ...inputs, resourceNames: unknown, status: unknown });

/** `Deployment.apps/apps/v1` to the names of its objects, with their namespace where the chart writes it. */
function resourceNames(manifest: string): ValueMap {
  const names = new Map<string, Set<string>>();
  for (const { apiVersion, kind, metadata } of readDocuments(manifest, 'manifest of the release')) {
    const group = typeof apiVersion === 'string' && apiVersion.includes('/') ? `.${apiVersion.split('/')[0]}` : '';
    const key = `${text(kind)}${group}/${text(apiVersion)}`;
    const { name, namespace } = isMap(metadata) ? metadata : {};
    const known = names.get(key) ?? new Set();
    names.set(key, known.add(typeof namespace === 'string' ? `${namespace}/${text(name)}` : text(name)));
  }
  return Object.fromEntries([...names].map(([key, found]) => [key, [...found].sort()]));
}

const text = (value: Value | undefined): string => (typeof value === 'string' ? value : '');
