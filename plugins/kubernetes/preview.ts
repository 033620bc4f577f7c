/** What a dry run tells about the outputs of an update: known where they will be the same, unknown where they may differ. */
import { ApiError, type KubeObject } from '#kube';
import { checkpoint } from './checkpoint.ts';
import { isMap, unknown, type Value, type ValueMap } from './property.ts';
import { refused } from './send.ts';

interface Subject {
  readonly inputs: ValueMap;
  readonly object: KubeObject;
  readonly manager: string;
}

/** Undefined when the dry run can not tell. @throws Failure when the API server would refuse the object */
export async function previewOutputs(
  dryRun: () => Promise<{ readonly object: KubeObject }>,
  { inputs, object, manager }: Subject,
): Promise<ValueMap | undefined> {
  try {
    const { object: live } = await dryRun();
    const outputs = checkpoint({ inputs, live, manager, initialApiVersion: object.apiVersion });
    return veiled(outputs, inputs);
  } catch (error) {
    if (cannotTell(error)) return undefined;
    throw refused(error, object);
  }
}

/** The namespace comes with the same update, or a webhook or our rights forbid dry runs, or a replacement is in its way. */
function cannotTell(error: unknown): boolean {
  if (!(error instanceof ApiError)) return false;
  const { status, api } = error;
  const noNamespace = status === 404 && api?.details?.kind === 'namespaces';
  const noDryRun = status === 400 && /does not support dry run/.test(api?.message ?? '');
  const taken = status === 422 && /field is immutable/.test(api?.message ?? '');
  return noNamespace || noDryRun || taken || status === 403;
}

const givenByServer: readonly (readonly string[])[] = [
  ['metadata', 'uid'],
  ['metadata', 'creationTimestamp'],
  ['metadata', 'resourceVersion'],
  ['metadata', 'generation'],
  ['spec', 'clusterIP'],
  ['spec', 'clusterIPs'],
  ['spec', 'healthCheckNodePort'],
  ['spec', 'ports'],
  ['status'],
];

/** A dry run makes up uid, addresses and ports that the real one makes up anew. */
function veiled(outputs: ValueMap, inputs: ValueMap): ValueMap {
  let result = outputs;
  for (const path of givenByServer) {
    if (path[0] === 'spec' && inputs['kind'] !== 'Service') continue;
    if (path.at(-1) !== 'ports' || mayGetNodePorts(inputs)) result = veil(result, path, inputs);
  }
  return result;
}

function mayGetNodePorts({ spec }: ValueMap): boolean {
  const type = isMap(spec) ? spec['type'] : undefined;
  return type !== undefined && type !== 'ClusterIP' && type !== 'ExternalName';
}

function veil(map: ValueMap, [key = '', ...rest]: readonly string[], given: Value | undefined): ValueMap {
  const value = map[key];
  const written = isMap(given) ? given[key] : undefined;
  if (value === undefined) return map;
  if (rest.length === 0) return written !== undefined && key !== 'ports' ? map : { ...map, [key]: unknown };
  return isMap(value) ? { ...map, [key]: veil(value, rest, written) } : map;
}
