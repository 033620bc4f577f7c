/** The objects of the operator's own installation, read from the synthesised chart, part by part. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { loadAll } from 'js-yaml';
import type { KubeObject, Resource } from '#kube';
import { failure } from '#runtime';
import type { Cluster } from './cluster.ts';
import { packageRoot } from './package-root.ts';

/** In the order of installation: the namespace stands in rbac. */
export const components = ['crds', 'rbac', 'deployment'] as const;
export type Component = (typeof components)[number];

/** Parses `rbac,crds`; the order of the answer is that of installation. @throws Failure CommandInvalid */
export function parseComponents(text: string): Component[] {
  const named = text.split(',').map((name) => name.trim());
  const unknown = named.find((name) => !components.some((component) => component === name));
  if (unknown !== undefined) {
    throw failure('CommandInvalid', {
      what: '--components',
      expected: `some of ${components.join(', ')}`,
      found: unknown,
    });
  }
  return components.filter((component) => named.includes(component));
}

/** @throws Failure Internal when the installation lacks its chart. */
export async function readInstallation(
  parts: readonly Component[],
  { image, memory }: Chosen = {},
): Promise<KubeObject[]> {
  const limit = memory === undefined ? undefined : parseMemory(memory);
  const folder = join(packageRoot(), 'charts', 'dist', 'plumbline');
  const files = await Promise.all(parts.map((part) => readFile(join(folder, `${part}.yaml`), 'utf8')));
  const objects = files.flatMap((text) => loadAll(text) as KubeObject[]);
  return objects.map((object) => chosen(object, { image, memory: limit }));
}

/** What whoever installs may choose. */
export interface Chosen {
  readonly image?: string | undefined;
  /** Limit of the operator's memory: `1536Mi`, `4Gi`. */
  readonly memory?: string | undefined;
}

/** Of the operator alone; less would end it. */
const leastMiB = 256;

/** @throws Failure CommandInvalid */
function parseMemory(text: string): string {
  const [, number = '', unit = ''] = /^([1-9][0-9]{0,6})(Mi|Gi)$/.exec(text) ?? [];
  if (Number(number) * (unit === 'Gi' ? 1024 : 1) >= leastMiB) return text;
  throw failure('CommandInvalid', {
    what: '--memory',
    expected: `a whole number of Mi or Gi such as 4Gi, at least ${leastMiB}Mi`,
    found: text,
  });
}

interface Container {
  readonly resources: { readonly limits: Readonly<Record<string, string>> };
}

interface DeploymentSpec {
  readonly template: { readonly spec: { readonly containers: readonly Container[] } };
}

function chosen(object: KubeObject, { image, memory }: Chosen): KubeObject {
  if (object.kind !== 'Deployment') return object;
  const spec = object['spec'] as DeploymentSpec;
  const containers = spec.template.spec.containers.map(({ resources, ...container }) => ({
    ...container,
    ...(image === undefined ? {} : { image }),
    resources: memory === undefined ? resources : { ...resources, limits: { ...resources.limits, memory } },
  }));
  return { ...object, spec: { ...spec, template: { ...spec.template, spec: { ...spec.template.spec, containers } } } };
}

/** How the API server serves the object's kind; undefined when it does not. */
export function resourceOf({ discovery }: Cluster, { apiVersion, kind }: KubeObject): Promise<Resource | undefined> {
  const [first = '', second] = apiVersion.split('/');
  return discovery.resource({ group: second === undefined ? '' : first, kind }, second ?? first);
}

export interface OperatorNames {
  readonly name: string;
  readonly namespace: string;
  /** Labels of its pods. */
  readonly labels: Readonly<Record<string, string>>;
  readonly account: string;
}

/** What the operator's Deployment is called, as this version installs it. */
export async function operatorDeployment(): Promise<OperatorNames> {
  const [deployment] = await readInstallation(['deployment']);
  const { selector, template } = deployment?.['spec'] as {
    readonly selector: { readonly matchLabels: Readonly<Record<string, string>> };
    readonly template: { readonly spec: { readonly serviceAccountName: string } };
  };
  const { name = '', namespace = '' } = deployment?.metadata ?? {};
  return { name, namespace, labels: selector.matchLabels, account: template.spec.serviceAccountName };
}
