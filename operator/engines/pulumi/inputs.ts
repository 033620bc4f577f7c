/** What a program is given beside its commit: config and environment, from the spec, Secrets, ConfigMaps and other stacks. */
import type { Stack, StackSpec } from '#api';
import { digestOf, keyOf, objectKey, type KubeObject, type ObjectKey } from '#kube';
import { asFailure, failure, type Failure } from '#runtime';
import type { ConfigValue } from './values.ts';

export interface Inputs {
  readonly config: readonly ConfigValue[];
  readonly environment: Readonly<Record<string, string>>;
  /** Variables that come from Secrets. */
  readonly secretEnvironment: readonly string[];
  /** Of all of it; nothing can be read back from it. */
  readonly digest: string;
  /** What is missing: the program cannot be run until it is there. */
  readonly missing: Failure | undefined;
}

/** What values are read from. */
export interface InputSources {
  /** By the rights of the stack's account. @throws Failure when there is no such object, or it may not be read */
  object(key: ObjectKey): KubeObject;
  stack(key: string): Stack | undefined;
}

type PulumiSpec = NonNullable<StackSpec['pulumi']>;
type ConfigFrom = NonNullable<PulumiSpec['configFrom']>[number];
type EnvFrom = NonNullable<PulumiSpec['envFrom']>[number];

interface KeyRef {
  readonly name: string;
  readonly key: string;
}

export const outputsSecret = (stack: string): string => `${stack}-outputs`;

/** Stacks (`namespace/name`) whose outputs the program is given: they come first, as those of dependsOn do. */
export const outputStacks = ({ spec, metadata }: Stack): string[] => [
  ...new Set(
    (spec.pulumi?.configFrom ?? []).flatMap(({ stackOutput }) =>
      stackOutput === undefined ? [] : [`${stackOutput.namespace ?? metadata.namespace}/${stackOutput.name}`],
    ),
  ),
];

/** Secrets and ConfigMaps that the inputs of a stack come from. */
export function inputObjects({ spec, metadata }: Stack, stackOf: InputSources['stack']): ObjectKey[] {
  const { configFrom = [], envFrom = [] } = spec.pulumi ?? {};
  const secret = (name: string, namespace = metadata.namespace): ObjectKey => keyOf(secretKind, namespace, name);
  const map = (name: string): ObjectKey => keyOf(mapKind, metadata.namespace, name);
  const keys = [...configFrom, ...envFrom].flatMap((from) => [
    ...(from.secretKeyRef === undefined ? [] : [secret(from.secretKeyRef.name)]),
    ...(from.configMapKeyRef === undefined ? [] : [map(from.configMapKeyRef.name)]),
  ]);
  for (const { secretRef, configMapRef } of envFrom) {
    if (secretRef !== undefined) keys.push(secret(secretRef.name));
    if (configMapRef !== undefined) keys.push(map(configMapRef.name));
  }
  for (const { stackOutput } of configFrom) {
    if (stackOutput === undefined) continue;
    const { name, namespace = metadata.namespace, output } = stackOutput;
    if (stackOf(`${namespace}/${name}`)?.status?.secretOutputs?.includes(output) === true)
      keys.push(secret(outputsSecret(name), namespace));
  }
  return [...new Set(keys)];
}

const secretKind = { group: '', kind: 'Secret' };
const mapKind = { group: '', kind: 'ConfigMap' };

/** All that can be had, and the first thing that cannot. */
export function gatherInputs(stack: Stack, sources: InputSources): Inputs {
  const { config = {}, configFrom = [], env = {}, envFrom = [] } = stack.spec.pulumi ?? {};
  const reader = new Reader(stack, sources);
  let missing: Failure | undefined;
  const attempt = <T>(where: string, read: () => T[]): T[] => {
    try {
      return read();
    } catch (error) {
      const { reason, parts } = asFailure(error);
      missing ??= failure(reason, { ...parts, where: parts.where ?? where });
      return [];
    }
  };
  const variables = envFrom.flatMap((from, index) =>
    attempt(`spec.pulumi.envFrom[${index}]`, () => reader.variables(from)),
  );
  const environment = { ...env, ...Object.fromEntries(variables.map(({ name, value }) => [name, value])) };
  const secretEnvironment = variables.filter(({ secret }) => secret).map(({ name }) => name);
  const values = configFrom.flatMap((from, index) =>
    attempt(`spec.pulumi.configFrom[${index}]`, () => [reader.value(from, environment, secretEnvironment)]),
  );
  const given = Object.entries(config).map(([key, value]): ConfigValue => ({ key, value, secret: false }));
  const all = [...given, ...values];
  const inputs = { config: all, environment, secretEnvironment, missing };
  return { ...inputs, digest: digestOfInputs(inputs, reader.versions) };
}

/** Of secrets the versions of the objects that hold them: a digest of a short secret would give it away. */
function digestOfInputs(
  { config, environment, secretEnvironment, missing }: Omit<Inputs, 'digest'>,
  versions: ReadonlyMap<string, string>,
): string {
  const plain = config.map((value) => (value.secret ? { ...value, value: '' } : value));
  const variables = Object.entries(environment).filter(([name]) => !secretEnvironment.includes(name));
  return digestOf([plain, variables, secretEnvironment, [...versions].sort(), missing?.message]);
}

interface Variable {
  readonly name: string;
  readonly value: string;
  readonly secret: boolean;
}

class Reader {
  /** Of the Secrets that were read. */
  readonly versions = new Map<string, string>();
  readonly #namespace: string | undefined;
  readonly #sources: InputSources;

  constructor({ metadata }: Stack, sources: InputSources) {
    this.#namespace = metadata.namespace;
    this.#sources = sources;
  }

  variables({ name, secretKeyRef, configMapKeyRef, secretRef, configMapRef }: EnvFrom): Variable[] {
    if (secretKeyRef !== undefined) {
      return [{ name: name ?? secretKeyRef.key, value: this.#entry(secretKind, secretKeyRef), secret: true }];
    }
    if (configMapKeyRef !== undefined) {
      return [{ name: name ?? configMapKeyRef.key, value: this.#entry(mapKind, configMapKeyRef), secret: false }];
    }
    const [kind, ref] = secretRef === undefined ? [mapKind, configMapRef] : [secretKind, secretRef];
    const data = this.#data(kind, ref?.name ?? '');
    return Object.entries(data).map(([key, value]) => ({ name: key, value, secret: kind === secretKind }));
  }

  value(from: ConfigFrom, environment: Inputs['environment'], secrets: readonly string[]): ConfigValue {
    const { value, secret } = this.#find(from, environment, secrets);
    return { key: from.key, value, secret: from.secret ?? secret, ...(from.path ? { path: true } : {}) };
  }

  #find(
    { key, value, secretKeyRef, configMapKeyRef, env, stackOutput }: ConfigFrom,
    environment: Inputs['environment'],
    secrets: readonly string[],
  ): { readonly value: string; readonly secret: boolean } {
    if (value !== undefined) return { value, secret: false };
    if (secretKeyRef !== undefined) return { value: this.#entry(secretKind, secretKeyRef), secret: true };
    if (configMapKeyRef !== undefined) return { value: this.#entry(mapKind, configMapKeyRef), secret: false };
    if (stackOutput !== undefined) return this.#output(stackOutput);
    const found = environment[env ?? ''];
    if (found !== undefined) return { value: found, secret: secrets.includes(env ?? '') };
    throw notFound(
      `config ${key} asks for variable ${env}, which the stack does not name`,
      'add it to spec.pulumi.env',
    );
  }

  #output({ name, namespace = this.#namespace, output }: NonNullable<ConfigFrom['stackOutput']>): {
    readonly value: string;
    readonly secret: boolean;
  } {
    const stack = this.#sources.stack(`${namespace}/${name}`);
    const plain = stack?.status?.outputs?.[output];
    if (plain !== undefined) return { value: plain, secret: false };
    if (stack?.status?.secretOutputs?.includes(output) === true) {
      const value = this.#data(secretKind, outputsSecret(name), namespace)[output];
      if (value !== undefined) return { value, secret: true };
    }
    const what = stack === undefined ? 'does not exist' : `has no output ${output}`;
    throw notFound(`stack ${namespace}/${name} ${what}`, 'export it there, or correct the name');
  }

  #entry(kind: typeof secretKind, { name, key }: KeyRef): string {
    const value = this.#data(kind, name)[key];
    if (value !== undefined) return value;
    throw notFound(`${kind.kind} ${this.#namespace}/${name} has no key ${key}`, 'add the key, or correct its name');
  }

  #data({ kind }: typeof secretKind, name: string, namespace = this.#namespace): Readonly<Record<string, string>> {
    const object = this.#sources.object(keyOf({ group: '', kind }, namespace, name));
    const data = (object['data'] ?? {}) as Readonly<Record<string, string>>;
    if (kind !== 'Secret') return data;
    this.versions.set(objectKey(object), `${object.metadata.uid}/${object.metadata.resourceVersion}`);
    return Object.fromEntries(Object.entries(data).map(([key, value]) => [key, decode(value)]));
  }
}

const decode = (value: string): string => Buffer.from(value, 'base64').toString('utf8');

export const notFound = (what: string, remedy: string): Failure => failure('ValueNotFound', { what, remedy });
