/** What a chart is and which values it gets, as the resources of the SDK say it, for helm. */
import { isAsset, isList, isMap, reveal, type Value, type ValueMap } from '../property.ts';
import type { ChartWish } from './chart.ts';
import { textIn, textOf, type Helm } from './helm.ts';
import { failure } from '#runtime';

export const flagOf = (value: Value | undefined): boolean => reveal(value ?? null) === true;

/** Of `helm.sh/v3:Release` and `helm.sh/v4:Chart`. */
export async function wishOf(helm: Helm, inputs: ValueMap): Promise<ChartWish> {
  const repository = reveal(inputs['repositoryOpts'] ?? null);
  const of = (key: string): string | undefined => textIn(repository, key);
  const chart = textOf(inputs['chart']);
  if (chart === undefined) throw failure('ObjectInvalid', { what: 'chart is missing', remedy: 'set chart' });
  return {
    chart,
    version: textOf(inputs['version']),
    devel: flagOf(inputs['devel']),
    repository: {
      repo: of('repo'),
      username: of('username'),
      password: of('password'),
      caFile: await fileIn(helm, repository, 'caFile'),
      certFile: await fileIn(helm, repository, 'certFile'),
      keyFile: await fileIn(helm, repository, 'keyFile'),
    },
    verify: flagOf(inputs['verify']),
    keyring: await fileOf(helm, inputs['keyring']),
    plainHttp: flagOf(inputs['plainHttp']),
  };
}

const fileIn = (helm: Helm, map: Value, key: string): Promise<string | undefined> =>
  fileOf(helm, typeof map === 'object' && map !== null ? (map as ValueMap)[key] : undefined);

/** A path, or an asset, as a file that helm can read. */
async function fileOf(helm: Helm, value: Value | undefined): Promise<string | undefined> {
  const shown = reveal(value ?? null);
  if (!isAsset(shown)) return textOf(shown);
  return shown.path ?? shown.uri ?? helm.workspace.file('asset', shown.text ?? '');
}

/** `--values FILE…`: the files first, then the values, which win. */
export async function valueArguments(helm: Helm, inputs: ValueMap): Promise<string[]> {
  const files = reveal(inputs['valueYamlFiles'] ?? []);
  const paths: string[] = [];
  for (const file of isList(files) ? files : [files]) {
    const path = await fileOf(helm, file);
    if (path !== undefined) paths.push(path);
  }
  const values = reveal(inputs['values'] ?? null);
  if (values !== null) paths.push(await helm.workspace.file('values.json', JSON.stringify(plain(values))));
  return paths.flatMap((path) => ['--values', path]);
}

/** A file among the values is its content. */
function plain(value: Value): unknown {
  if (isAsset(value)) return value.text ?? value.path ?? value.uri;
  if (isList(value)) return value.map(plain);
  if (!isMap(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, plain(each)]));
}
