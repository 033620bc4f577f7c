/** `helm.sh/v4:Chart`: the objects of a chart, each a resource of its own; helm renders it and installs nothing. */
import type { Content, ReadContent } from '../packages/component.ts';
import { annotationOf, readManifests, type Manifest } from '../packages/manifests.ts';
import { isList, isMap, reveal, secretTexts, type ValueMap } from '../property.ts';
import { namespaceOf } from '../session.ts';
import { flagOf, valueArguments, wishOf } from './arguments.ts';
import { capabilityArguments } from './capabilities.ts';
import { fetchChart } from './chart.ts';
import { Helm, textIn, textOf } from './helm.ts';
import { renderChart, type Rendering } from './template.ts';

export const chart: ReadContent = async (session, { name }, inputs): Promise<Content> => {
  await using helm = await Helm.open(session);
  const { settings, cluster } = session;
  const offline = settings.renderTo !== undefined;
  const namespace = textOf(inputs['namespace']) ?? (await namespaceOf(session));
  const found = await fetchChart(helm, await wishOf(helm, inputs));
  const hooks = flagOf(inputs['includeHooks']);
  const text = await renderChart(helm, {
    path: found.path,
    release: textOf(inputs['name']) ?? name,
    namespace,
    args: [...(await valueArguments(helm, inputs)), ...(await capabilityArguments(session))],
    crds: !flagOf(inputs['skipCrds']),
    hooks: hooks && offline ? 'but tests' : 'none',
    dependencyUpdate: flagOf(inputs['dependencyUpdate']),
    postRenderer: postRendererOf(inputs),
    lookup: !offline && (await cluster.isReachable()),
    secrets: secretTexts(inputs),
  });
  const warnings = [
    ...(found.deprecated ? [`the chart ${found.name} is deprecated`] : []),
    ...(hooks && !offline ? ['includeHooks means something with renderYamlToDirectory alone: hooks are left out'] : []),
  ];
  return { manifests: readManifests(text, `chart ${found.name}`), namespace, warnings, stays: isKept };
};

const isKept = (manifest: Manifest): boolean => annotationOf(manifest, 'helm.sh/resource-policy') === 'keep';

function postRendererOf(inputs: ValueMap): Rendering['postRenderer'] {
  const given = reveal(inputs['postRenderer'] ?? null);
  const command = textIn(given, 'command');
  if (command === undefined || !isMap(given)) return undefined;
  const args = given['args'] ?? [];
  return { command, args: isList(args) ? args.map((each) => textOf(each) ?? '') : [] };
}
