/** `yaml/v2:ConfigFile` and `yaml/v2:ConfigGroup`: the objects of files, addresses, texts and values of the program. */
import { failure } from '#runtime';
import { isList, reveal, type Value, type ValueMap } from '../property.ts';
import type { ReadContent } from './component.ts';
import { manifestsOf, readManifests, type Manifest } from './manifests.ts';
import { readSources, type SourceOptions } from './sources.ts';

export const configFile: ReadContent = async ({ signal }, { name }, inputs) => {
  const file = reveal(inputs['file'] ?? null);
  if (typeof file !== 'string' || file === '') throw wanting(name, 'file', 'the path or address of a YAML file');
  return { manifests: await readAll([file], { patterns: false, signal }) };
};

export const configGroup: ReadContent = async ({ signal }, { name }, inputs) => {
  const files = textsIn(inputs, 'files', name);
  const yaml = textsIn(inputs, 'yaml', name);
  return {
    manifests: [
      ...(await readAll(files, { patterns: true, signal })),
      ...yaml.flatMap((text) => readManifests(text, `${name}: yaml`)),
      ...objectsIn(inputs, name),
    ],
  };
};

async function readAll(sources: readonly string[], options: SourceOptions): Promise<Manifest[]> {
  const manifests: Manifest[] = [];
  for (const source of sources) {
    for (const { where, text } of await readSources(source, options)) manifests.push(...readManifests(text, where));
  }
  return manifests;
}

/** One text, or a list of them. */
function textsIn(inputs: ValueMap, key: string, name: string): string[] {
  const given = reveal(inputs[key] ?? null);
  const list = given === null ? [] : isList(given) ? given : [given];
  return list.map((each) => {
    if (typeof each !== 'string') throw wanting(name, key, 'text, or a list of texts');
    return each;
  });
}

/** Their secrets stay secret. */
function objectsIn(inputs: ValueMap, name: string): Manifest[] {
  const given: Value = inputs['objs'] ?? null;
  if (given === null) return [];
  if (!isList(given)) throw wanting(name, 'objs', 'a list of objects');
  return given.flatMap((each, index) => manifestsOf(each, `${name}: objs[${index}]`));
}

export const wanting = (where: string, what: string, expected: string): Error =>
  failure('ObjectInvalid', { where, what: `${what} is missing or of another type`, expected, remedy: `set ${what}` });
