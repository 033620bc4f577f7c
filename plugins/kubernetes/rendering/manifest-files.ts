/** Objects as files of a folder, named as the official provider names them; the same object gives the same bytes. */
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { dump } from 'js-yaml';
import type { KubeObject } from '#kube';

/** Definitions come first in a listing, and so with `kubectl apply -R -f`. */
const folders = { definitions: '0-crd', rest: '1-manifest' };

/** `1-manifest/apps_v1-deployment-shop-web.yaml` */
export function filePath(folder: string, { apiVersion, kind, metadata }: KubeObject): string {
  const isDefinition = kind === 'CustomResourceDefinition' && apiVersion.startsWith('apiextensions.k8s.io/');
  const place = isDefinition ? folders.definitions : folders.rest;
  const parts = [apiVersion, kind.toLowerCase(), metadata.namespace ?? 'default', metadata.name];
  const name = parts.map((part, index) => part.replaceAll(index === 0 ? /[/:]/g : /\//g, '_')).join('-');
  return join(folder, place, `${name}.yaml`);
}

/** Only for us to read, since there may be Secrets among them. */
export async function writeManifest(path: string, object: KubeObject): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  await writeFile(path, dump(object, { sortKeys: true, lineWidth: -1, noRefs: true }), { mode: 0o600 });
}

export const removeManifest = (path: string): Promise<void> => rm(path, { force: true });
