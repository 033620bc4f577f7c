/** A component of manifests: registers itself, then each manifest as a resource below it, in the order of their needs. */
import { failure } from '#runtime';
import {
  hasUnknown,
  isList,
  isMap,
  isOutput,
  isSecret,
  reference,
  reveal,
  secret,
  secretTexts,
  type Value,
  type ValueMap,
} from '../property.ts';
import type { Constructed, ConstructRequest } from '../requests.ts';
import { namespaceOf as defaultNamespace, type Session } from '../session.ts';
import { nameOf, namespaceOf, withMetadata, type Manifest } from './manifests.ts';
import { Monitor, type Registered } from './monitor.ts';
import { place } from './namespaces.ts';
import { needsOf } from './order.ts';

/** What the inputs of a component come to. */
export interface Content {
  readonly manifests: readonly Manifest[];
  /** Of objects that name none; undefined for the provider's. */
  readonly namespace?: string | undefined;
  /** Said at the component. */
  readonly warnings?: readonly string[];
  /** Of what stays in the cluster when it leaves the program. */
  readonly stays?: (manifest: Manifest) => boolean;
}

/** Reads the inputs: every value known, secrets still wrapped. */
export type ReadContent = (session: Session, request: ConstructRequest, inputs: ValueMap) => Promise<Content>;

export async function makeComponent(
  session: Session,
  request: ConstructRequest,
  read: ReadContent,
): Promise<Constructed> {
  using monitor = await Monitor.connect(request.monitor);
  const { urn } = await monitor.component(request.sent);
  const inputs = settled(request.inputs);
  if (hasUnknown(inputs)) {
    const text = 'some inputs are not known before the update, so what is made of them is not in this preview';
    await session.engine.tell({ urn, severity: 'warning', text });
    await monitor.outputs(urn, {});
    return { urn, state: {}, stateDependencies: {} };
  }
  const content = await read(session, request, inputs);
  const manifests = await placed(session, urn, content);
  const children = await registerAll(manifests, { monitor, request, urn, inputs, session, stays: content.stays });
  const state = { resources: children.map((child) => reference({ ...child, packageVersion: '' })) };
  await monitor.outputs(urn, state);
  return { urn, state, stateDependencies: { resources: children.map((child) => child.urn) } };
}

/** Inputs as values: without the wrapping that says where they come from, which the engine keeps of the component. */
function settled(inputs: ValueMap): ValueMap {
  return Object.fromEntries(Object.entries(inputs).map(([key, value]) => [key, settle(value)]));
}

function settle(value: Value): Value {
  if (isOutput(value)) {
    if (value.value === undefined) return value;
    return value.secret ? secret(settle(value.value)) : settle(value.value);
  }
  if (isSecret(value)) return secret(settle(value.value));
  if (isList(value)) return value.map(settle);
  return isMap(value) ? settled(value) : value;
}

async function placed(session: Session, urn: string, content: Content): Promise<readonly Manifest[]> {
  const { settings, cluster, engine } = session;
  for (const text of content.warnings ?? []) await engine.tell({ urn, severity: 'warning', text });
  const rendering = settings.renderTo !== undefined;
  const namespace = content.namespace ?? (await defaultNamespace(session));
  const { manifests, unknown } = await place(content.manifests, {
    namespace,
    cluster: rendering ? undefined : cluster,
  });
  if (unknown.length > 0) {
    const text = `whether they stand in a namespace is not known of ${unknown.join(', ')}: set metadata.namespace, or bring their CustomResourceDefinition along`;
    await engine.tell({ urn, severity: 'warning', text });
  }
  return manifests;
}

interface Making {
  readonly session: Session;
  readonly monitor: Monitor;
  readonly request: ConstructRequest;
  readonly urn: string;
  readonly inputs: ValueMap;
  readonly stays: Content['stays'];
}

/** Each as soon as those are there that it needs; all that can be made are made before a failure is told. */
async function registerAll(manifests: readonly Manifest[], making: Making): Promise<Registered[]> {
  const names = namesOf(manifests, prefixOf(making));
  const needs = needsOf(manifests);
  const begun = new Map<number, Promise<Registered>>();
  const begin = (index: number): Promise<Registered> => {
    const known = begun.get(index);
    if (known !== undefined) return known;
    const needed = Promise.all((needs[index] ?? []).map(begin));
    const registered = needed.then((each) =>
      registerOne(manifests[index] as Manifest, names[index] ?? '', each, making),
    );
    begun.set(index, registered);
    return registered;
  };
  const all = [...manifests.keys()].map(begin);
  await Promise.allSettled(all);
  return Promise.all(all);
}

function registerOne(
  manifest: Manifest,
  name: string,
  needed: readonly Registered[],
  { monitor, request, urn, inputs, session, stays }: Making,
): Promise<Registered> {
  // One or two characters are found everywhere.
  const secrets = secretTexts(inputs).filter((each) => each.length > 2);
  const skipsAwait = reveal(inputs['skipAwait'] ?? null) === true;
  return monitor.child({
    type: typeOf(manifest),
    name,
    parent: urn,
    provider: request.providers['kubernetes'] ?? session.reference,
    inputs: sealed(skipsAwait ? withoutAwait(manifest) : manifest, secrets),
    dependencies: needed.map((each) => each.urn),
    retainOnDelete: stays?.(manifest) ?? false,
  });
}

/** `kubernetes:core/v1:ConfigMap` */
const typeOf = ({ apiVersion, kind }: Manifest): string =>
  `kubernetes:${apiVersion === 'v1' ? 'core/v1' : apiVersion}:${kind}`;

function prefixOf({ inputs, request }: Making): string {
  const prefix = reveal(inputs['resourcePrefix'] ?? null);
  return typeof prefix === 'string' ? prefix : request.name;
}

/** `prefix:namespace/name`. @throws Failure DuplicateObject */
function namesOf(manifests: readonly Manifest[], prefix: string): string[] {
  const taken = new Set<string>();
  return manifests.map((manifest) => {
    const namespace = namespaceOf(manifest);
    const name = namespace === undefined ? nameOf(manifest) : `${namespace}/${nameOf(manifest)}`;
    const key = `${typeOf(manifest)} ${name}`;
    if (taken.has(key))
      throw failure('DuplicateObject', {
        what: `${manifest.kind} ${name} is there twice`,
        remedy: 'remove or rename one of the two',
      });
    taken.add(key);
    return prefix === '' ? name : `${prefix}:${name}`;
  });
}

function withoutAwait(manifest: Manifest): Manifest {
  const { annotations } = manifest.metadata;
  return withMetadata(manifest, {
    annotations: { ...(isMap(annotations) ? annotations : {}), 'pulumi.com/skipAwait': 'true' },
  });
}

/** Values of Secrets are secret wherever they come from, other texts when a secret of the inputs is in them. */
function sealed(manifest: Manifest, secrets: readonly string[]): ValueMap {
  const isSecretKind = manifest.kind === 'Secret' && manifest.apiVersion === 'v1';
  const { apiVersion, kind, metadata, ...rest } = manifest;
  const fields = Object.entries(rest).map(([key, value]) => {
    const always = isSecretKind && (key === 'data' || key === 'stringData') && !isSecret(value);
    return [key, always ? secret(value) : concealed(value, secrets)] as const;
  });
  return { apiVersion, kind, metadata: concealed(metadata, secrets), ...Object.fromEntries(fields) };
}

function concealed(value: Value, secrets: readonly string[]): Value {
  if (typeof value === 'string') return secrets.some((each) => value.includes(each)) ? secret(value) : value;
  if (isList(value)) return value.map((each) => concealed(each, secrets));
  if (!isMap(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, concealed(each, secrets)]));
}
