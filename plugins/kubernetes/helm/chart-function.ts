/** `kubernetes:helm:template`, by which `helm.v3.Chart` gets the objects of a chart. */
import { failure } from '#runtime';
import { decoded } from '../packages/functions.ts';
import { readDocuments } from '../packages/manifests.ts';
import { isList, isMap, type Value, type ValueMap } from '../property.ts';
import type { Session } from '../session.ts';
import { flagOf, valueArguments } from './arguments.ts';
import { capabilityArguments } from './capabilities.ts';
import { fetchChart, given, type ChartWish } from './chart.ts';
import { Helm, textIn, textOf } from './helm.ts';
import { renderChart } from './template.ts';

/** { jsonOpts }: the options of the resource, in snake case, as JSON. */
export async function helmTemplate(session: Session, args: ValueMap): Promise<readonly Value[]> {
  const options = optionsIn(args);
  const namespace = textOf(options['namespace']);
  await using helm = await Helm.open(session);
  const found = await fetchChart(helm, wishIn(options));
  const text = await renderChart(helm, {
    path: found.path,
    release: textOf(options['release_name']) ?? found.name,
    namespace: namespace ?? 'default',
    args: [...(await valueArguments(helm, options)), ...(await capabilities(session, options))],
    crds: !flagOf(options['skip_crd_rendering']),
    hooks: flagOf(options['include_test_hook_resources']) ? 'all' : 'but tests',
    dependencyUpdate: false,
    postRenderer: undefined,
    lookup: false,
    secrets: [],
  });
  return await decoded(session, readDocuments(text, `chart ${found.name}`), namespace);
}

function optionsIn({ jsonOpts }: ValueMap): ValueMap {
  if (typeof jsonOpts !== 'string')
    throw failure('ObjectInvalid', { where: 'kubernetes:helm:template', what: 'jsonOpts is missing' });
  return JSON.parse(jsonOpts) as ValueMap;
}

/** What the resource says wins over what it says for the fetch alone. */
function wishIn(options: ValueMap): ChartWish {
  const fetch = options['fetch_opts'];
  const of = (key: string): string | undefined => textIn(fetch, key);
  const flag = (key: string): boolean => isMap(fetch) && flagOf(fetch[key]);
  return {
    chart: textOf(options['path']) ?? textOf(options['chart']) ?? '',
    version: textOf(options['version']) ?? of('version'),
    devel: flag('devel'),
    repository: {
      repo: textOf(options['path']) === undefined ? (of('repo') ?? textOf(options['repo'])) : undefined,
      username: of('username'),
      password: of('password'),
      caFile: of('ca_file'),
      certFile: of('cert_file'),
      keyFile: of('key_file'),
    },
    verify: flag('verify'),
    keyring: of('keyring'),
    plainHttp: false,
  };
}

/** Those of the cluster, unless the program says others. */
async function capabilities(session: Session, options: ValueMap): Promise<string[]> {
  const versions = options['api_versions'];
  const own = [
    ...given('--kube-version', textOf(options['kube_version'])),
    ...(isList(versions) ? ['--api-versions', versions.map((each) => textOf(each) ?? '').join(',')] : []),
  ];
  return own.length === 0 ? capabilityArguments(session) : own;
}
