/** CheckConfig and DiffConfig: arguments of a provider that can not go together, and changes that mean another cluster. */
import { Failure } from '#runtime';
import { clusterConfigOf } from './cluster.ts';
import { isUnknown, reveal, type Value, type ValueMap } from './property.ts';
import type { CheckFailure } from './requests.ts';
import { readSettings } from './settings.ts';

/** `strict` comes from the stack's configuration, the arguments may say it too. */
export function checkConfig(
  news: ValueMap,
  {
    isDefault,
    environment,
  }: { readonly isDefault: boolean; readonly environment: Readonly<Record<string, string | undefined>> },
): CheckFailure[] {
  const failures: CheckFailure[] = [];
  if (isTrue(news['strictMode'] ?? configured(environment, 'strictMode'))) {
    if (isDefault)
      failures.push({ property: '', reason: 'strictMode allows no default provider; give one to each resource' });
    for (const property of ['kubeconfig', 'context']) {
      if (!isGiven(news[property]))
        failures.push({ property, reason: `strictMode needs ${property} as an argument of the provider` });
    }
  }
  if (isGiven(news['renderYamlToDirectory'])) {
    for (const property of ['cluster', 'context', 'kubeconfig']) {
      const value = news[property];
      // The SDK fills this one in from the environment.
      if (!isGiven(value) || (property === 'kubeconfig' && reveal(value ?? null) === environment['KUBECONFIG']))
        continue;
      failures.push({
        property,
        reason: `${property} does not go together with renderYamlToDirectory, which needs no cluster`,
      });
    }
  } else if (isTrue(news['alwaysRender'])) {
    failures.push({ property: 'alwaysRender', reason: 'alwaysRender needs renderYamlToDirectory' });
  }
  return failures;
}

const isGiven = (value: Value | undefined): boolean => {
  const shown = reveal(value ?? null);
  return shown !== null && shown !== '' && shown !== false && !isUnknown(shown);
};

const isTrue = (value: Value | undefined): boolean => {
  const shown = reveal(value ?? null);
  return shown === true || shown === 'true';
};

/** The engine gives the stack's configuration of this package to the process. */
function configured(environment: Readonly<Record<string, string | undefined>>, key: string): Value | undefined {
  const text = environment['PULUMI_CONFIG'];
  return text === undefined || text === '' ? undefined : (JSON.parse(text) as ValueMap)[key];
}

export interface ConfigDiff {
  readonly diffs: readonly string[];
  /** Arguments whose change means that all resources have to be made anew. */
  readonly replaces: readonly string[];
}

const ofCluster = ['kubeconfig', 'context', 'cluster'];

type Environment = Readonly<Record<string, string | undefined>>;

/** A kubeconfig changes with each new token; only another API server means other objects. */
export async function diffConfig(olds: ValueMap, news: ValueMap, environment: Environment): Promise<ConfigDiff> {
  const diffs = [...new Set([...Object.keys(olds), ...Object.keys(news)])].filter(
    (key) => JSON.stringify(reveal(olds[key] ?? null)) !== JSON.stringify(reveal(news[key] ?? null)),
  );
  const replaces = diffs.filter((key) => key === 'renderYamlToDirectory');
  const [before, after] = [olds, news].map((given) => reveal(given['clusterIdentifier'] ?? null));
  // Whoever names the cluster decides by this name alone.
  if (before !== null && after !== null) {
    return { diffs, replaces: before === after ? [] : ['clusterIdentifier', ...replaces] };
  }
  const changed = diffs.filter((key) => ofCluster.includes(key));
  if (changed.some((key) => isUnknown(news[key]))) return { diffs, replaces: [...replaces, ...changed] };
  const moved = changed.length > 0 && (await serverOf(olds, environment)) !== (await serverOf(news, environment));
  return { diffs, replaces: moved ? [...replaces, ...changed] : replaces };
}

/** The API server's address; undefined when the arguments lead nowhere. */
async function serverOf(given: ValueMap, environment: Environment): Promise<string | undefined> {
  try {
    return (await clusterConfigOf(readSettings(given, environment))).server;
  } catch (error) {
    if (error instanceof Failure) return undefined;
    throw error;
  }
}
