/** The objects that are applied, and the numbers that are made of what was measured. */
import { dump } from 'js-yaml';
import type { KubeObject } from '#kube';

/** A small ConfigMap, as in most platforms' thousands of objects. */
export const configMap = (name: string, namespace: string, value = 'value one'): KubeObject => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, namespace, labels: { app: 'bench' } },
  data: { one: value, two: 'value two' },
});

/** The object as the operator sends it, but for the domain of the labels: the operator must not take it for its own. */
export const labelled = (object: KubeObject, stack: string): KubeObject => ({
  ...object,
  metadata: {
    ...object.metadata,
    labels: { ...object.metadata.labels, 'plumbline.tst/stack': stack, 'plumbline.tst/stack-namespace': stack },
  },
});

export const configMaps = (count: number, namespace: string): KubeObject[] =>
  [...Array(count).keys()].map((index) => configMap(`c${index}`, namespace));

const objectsAFile = 10;

/** YAML files below the folder, ten objects in each, as charts of some size make them. */
export function filesOf(folder: string, objects: readonly KubeObject[]): Record<string, string> {
  const files: Record<string, string> = {};
  for (let start = 0; start < objects.length; start += objectsAFile) {
    const some = objects.slice(start, start + objectsAFile);
    files[`${folder}/${start / objectsAFile}.yaml`] = some.map((object) => dump(object)).join('---\n');
  }
  return files;
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const [low = NaN, high = NaN] = [
    sorted[Math.floor((sorted.length - 1) / 2)],
    sorted[Math.ceil((sorted.length - 1) / 2)],
  ];
  return (low + high) / 2;
}

export const mebibytes = (bytes: number): number => Math.round(bytes / 2 ** 20);

/** Milliseconds that the work took. */
export async function timed(work: () => Promise<unknown>): Promise<number> {
  const started = performance.now();
  await work();
  return performance.now() - started;
}
