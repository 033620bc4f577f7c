/** What a dry run tells about the outputs of an update: known where they will be the same, unknown where they may differ. */
import { ApiError, type KubeObject } from '#kube';
import type { Failure } from '#runtime';
import { checkpoint } from './checkpoint.ts';
import { masked } from './packages/tool.ts';
import { isList, isMap, secretTexts, unknown, type Value, type ValueMap } from './property.ts';
import { refused } from './send.ts';
import type { Session } from './session.ts';

interface Subject {
  readonly urn: string;
  readonly inputs: ValueMap;
  readonly object: KubeObject;
  readonly manager: string;
}

/**
 * Undefined when the dry run can not tell, or the API server would refuse the object and the engine is told so.
 * @throws Failure when the API server would refuse it, or can not be asked
 */
export async function previewOutputs(
  { settings, engine }: Pick<Session, 'settings' | 'engine'>,
  dryRun: () => Promise<{ readonly object: KubeObject }>,
  { urn, inputs, object, manager }: Subject,
): Promise<ValueMap | undefined> {
  try {
    const { object: live } = await dryRun();
    return checkpoint({ inputs, live, manager, initialApiVersion: object.apiVersion });
  } catch (error) {
    const refusal = refused(error instanceof ApiError ? withoutSecrets(error, inputs) : error, object);
    const { tellsRefusals } = settings;
    if (cannotTell(error) && !(tellsRefusals && isDenied(refusal))) return undefined;
    if (!tellsRefusals || !(error instanceof ApiError) || refusal.reason === 'ApiUnavailable') throw refusal;
    await engine.tell({ urn, severity: 'error', text: refusal.message });
    return undefined;
  }
}

/** Before anything of what it says is left out: half a secret would not be known as one. */
function withoutSecrets({ status, api, retryAfterMs }: ApiError, inputs: ValueMap): ApiError {
  if (api === undefined) return new ApiError(status, api, retryAfterMs);
  const secrets = secretTexts(inputs);
  const { message, details, ...rest } = api;
  const causes = details?.causes?.map((cause) => ({ ...cause, message: masked(cause.message ?? '', secrets) }));
  const told = details === undefined ? {} : { details: { ...details, ...(causes && { causes }) } };
  return new ApiError(status, { ...rest, message: masked(message ?? '', secrets), ...told }, retryAfterMs);
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

/** By admission, with the same answer as for want of rights; not for want of what a pod needs, which may come with the same update. */
const isDenied = ({ reason, message }: Failure): boolean =>
  reason === 'QuotaExceeded' || (reason === 'AdmissionDenied' && !mayCome.test(message));

const mayCome = /error looking up service account|no PriorityClass with name/;

/** What the API server gives to each object. */
const ofEach = ['uid', 'creationTimestamp', 'resourceVersion', 'generation'];
/** What it gives to a Service that does not say it. */
const ofServices = ['clusterIP', 'clusterIPs', 'healthCheckNodePort'];

/**
 * A dry run makes up uid, addresses and ports that the real one makes up anew; where there was none, outputs are the
 * inputs, and a program that reads what is not in them must not take it for nothing.
 */
export function veiled(outputs: ValueMap, inputs: ValueMap): ValueMap {
  const { metadata, spec } = outputs;
  const known: Record<string, Value> = { ...outputs };
  if (outputs['status'] !== undefined) known['status'] = unknown;
  if (isMap(metadata)) known['metadata'] = { ...metadata, ...unknowns(ofEach, inputs['metadata']) };
  if (inputs['kind'] !== 'Service' || !isMap(spec)) return known;
  const { ports } = spec;
  const addressed = { ...spec, ...unknowns(ofServices, inputs['spec']) };
  known['spec'] =
    ports !== undefined && mayGetNodePorts(inputs) ? { ...addressed, ports: veiledPorts(ports) } : addressed;
  return known;
}

/** Outputs of an update that no dry run can tell: the new inputs, and what an update leaves as it is. */
export function carriedOver(inputs: ValueMap, old: ValueMap): ValueMap {
  const carried: Record<string, Value> = { ...inputs };
  const { metadata, spec } = inputs;
  if (isMap(metadata)) carried['metadata'] = { ...pick(old['metadata'], ['uid', 'creationTimestamp']), ...metadata };
  if (inputs['kind'] === 'Service' && isMap(spec)) carried['spec'] = { ...pick(old['spec'], ofServices), ...spec };
  return carried;
}

function pick(map: Value | undefined, fields: readonly string[]): ValueMap {
  return isMap(map) ? Object.fromEntries(Object.entries(map).filter(([field]) => fields.includes(field))) : {};
}

function unknowns(fields: readonly string[], written: Value | undefined): ValueMap {
  const open = fields.filter((field) => !isMap(written) || written[field] === undefined);
  return Object.fromEntries(open.map((field) => [field, unknown]));
}

function mayGetNodePorts({ spec }: ValueMap): boolean {
  const type = isMap(spec) ? spec['type'] : undefined;
  return type !== undefined && type !== 'ClusterIP' && type !== 'ExternalName';
}

const veiledPorts = (ports: Value): Value =>
  isList(ports) ? ports.map((port) => (isMap(port) ? { ...port, nodePort: unknown } : port)) : ports;
