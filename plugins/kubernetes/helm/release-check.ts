/** Check of a Release: named, in a namespace, with the defaults of the official provider and the version that it means. */
import { asFailure } from '#runtime';
import { autoname } from '../names.ts';
import { hasUnknown, type Value, type ValueMap } from '../property.ts';
import type { CheckFailure, CheckRequest, CheckResult } from '../requests.ts';
import type { Session } from '../session.ts';
import { flagOf, wishOf } from './arguments.ts';
import { chartDigest } from './chart-digest.ts';
import { fetchChart } from './chart.ts';
import { Helm, textOf } from './helm.ts';
import { isSameValue } from './release-diff.ts';

/** What the SDK sends, and no program sets. */
const outputsAlone = new Set(['manifest', 'resourceNames', 'status', 'compat', 'checksum']);

const defaultTimeoutSeconds = 300;

export async function check(session: Session, request: CheckRequest): Promise<CheckResult> {
  const given = Object.entries(request.news).filter(([key, value]) => !outputsAlone.has(key) && value !== null);
  const inputs: Record<string, Value> = Object.fromEntries(given);
  const failures: CheckFailure[] = [];
  inputs['name'] ??= nameFor(request, failures);
  if (textOf(inputs['namespace']) === undefined && !hasUnknown(inputs['namespace']))
    inputs['namespace'] = await session.cluster.defaultNamespace();
  if (!flagOf(inputs['skipAwait'])) inputs['timeout'] ??= defaultTimeoutSeconds;
  if (hasUnknown(inputs) || failures.length > 0) return { inputs, failures };
  try {
    return { inputs: await withVersion(session, inputs, request.olds), failures };
  } catch (error) {
    session.signal.throwIfAborted();
    return { inputs, failures: [{ property: 'chart', reason: asFailure(error).message }] };
  }
}

function nameFor(request: CheckRequest, failures: CheckFailure[]): Value {
  const old = request.olds?.['name'];
  if (old !== undefined) return old;
  const name = autoname(request);
  if (typeof name === 'string') return name;
  failures.push({ ...name, property: 'name' });
  return '';
}

/** The exact version, so that a newer one of the range shows as a change; the digest of what lies in the program's folder. */
async function withVersion(session: Session, inputs: ValueMap, olds: ValueMap | undefined): Promise<ValueMap> {
  if (isFetchedAlready(inputs, olds)) return inputs;
  await using helm = await Helm.open(session);
  const chart = await fetchChart(helm, await wishOf(helm, inputs));
  const digest = chart.own ? { checksum: await chartDigest(chart.path) } : {};
  return { ...inputs, version: chart.version, ...digest };
}

/** A version that is written out in full, of the same chart from the same place, is what it was. */
function isFetchedAlready(inputs: ValueMap, olds: ValueMap | undefined): boolean {
  if (olds === undefined || olds['checksum'] !== undefined) return false;
  if (!/^\d+\.\d+\.\d+/.test(textOf(inputs['version']) ?? '')) return false;
  return ['chart', 'version', 'repositoryOpts', 'verify'].every((key) => isSameValue(inputs[key], olds[key]));
}
