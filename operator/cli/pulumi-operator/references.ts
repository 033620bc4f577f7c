/** Config and environment: what comes from Secrets and ConfigMaps stays a reference; no secret is ever written out. */
import type { Draft } from './draft.ts';
import { isMap, type Fields, type Json } from './fields.ts';

const ofOperator = "a variable of the operator's own process is given to no program; put it into a Secret";
const ofDisk = 'a file of the workspace is not there; put its content into a Secret';

export const noEsc =
  'Pulumi ESC is not asked; give the values by pulumi.configFrom and envFrom, from Secrets that External Secrets or the like fill';

/** One of their four kinds of reference, as the fields of ours. Undefined, with a note, when it cannot be said. */
type Said = { readonly ref: Json } | { readonly literal: string } | { readonly variable: string } | undefined;

function referenceOf(from: Fields, draft: Draft): Said {
  const type = from.text('type');
  const secret = from.map('secret');
  const literal = from.map('literal')?.text('value');
  const variable = from.map('env')?.text('name');
  const file = from.map('filesystem')?.text('path');
  if (secret !== undefined) {
    const namespace = secret.text('namespace');
    const ref = { name: secret.text('name'), key: secret.text('key') };
    if (namespace !== undefined && namespace !== draft.namespace)
      secret.note(
        'namespace',
        `a stack reads Secrets of its own namespace; copy Secret ${namespace}/${ref.name} there`,
      );
    return { ref: { secretKeyRef: ref } };
  }
  if (literal !== undefined) return { literal };
  if (variable !== undefined) return { variable };
  from.note('', file === undefined ? `a reference of type ${type ?? 'unknown'} is not known` : `${ofDisk} (${file})`);
  return undefined;
}

/** `envRefs` */
export function readEnvRefs(spec: Fields, draft: Draft): void {
  const refs = spec.map('envRefs');
  for (const name of refs?.names ?? []) {
    const from = refs?.map(name);
    const said = from && referenceOf(from, draft);
    if (said === undefined) continue;
    if ('literal' in said) draft.env[name] = said.literal;
    else if ('ref' in said) draft.envFrom.push({ name, ...said.ref });
    else refs?.note(name, ofOperator);
  }
}

/** `secretsRef` */
export function readSecretRefs(spec: Fields, draft: Draft): void {
  const refs = spec.map('secretsRef');
  for (const key of refs?.names ?? []) {
    const from = refs?.map(key);
    const said = from && referenceOf(from, draft);
    if (said === undefined) continue;
    if ('ref' in said) draft.configFrom.push({ key, secret: true, ...said.ref });
    else if ('variable' in said) {
      draft.configFrom.push({ key, secret: true, env: said.variable });
      refs?.note(key, `${said.variable} must be in pulumi.env or envFrom of the Stack`);
    } else refs?.note(key, movedSecret(draft, key));
  }
}

/** `secrets`: values in the manifest itself. */
export function readSecrets(spec: Fields, draft: Draft): void {
  const secrets = spec.map('secrets');
  for (const key of secrets?.names ?? []) {
    secrets?.raw(key);
    secrets?.note(key, movedSecret(draft, key));
  }
}

/** A secret that stands in the manifest is not copied: it belongs in a Secret. */
function movedSecret(draft: Draft, key: string): string {
  const name = `${draft.name}-config`;
  const entry = key.replaceAll(/[^A-Za-z0-9._-]/g, '.');
  draft.configFrom.push({ key, secret: true, secretKeyRef: { name, key: entry } });
  return `stands open in the manifest and was not copied; put its value into Secret ${name}, key ${entry}`;
}

/** `configRef` */
export function readConfigRefs(spec: Fields, draft: Draft): void {
  const refs = spec.map('configRef');
  for (const key of refs?.names ?? []) {
    const from = refs?.map(key);
    if (from === undefined) continue;
    draft.configFrom.push({ key, configMapKeyRef: { name: from.text('name'), key: from.text('key') } });
    if (from.boolean('json') === true) from.note('json', asText);
  }
}

const asText = 'the value stays text: getObject and requireObject of the program read JSON from it, get does not';

/** `config`: texts stay, structured values become one entry a leaf. */
export function readConfig(spec: Fields, draft: Draft): void {
  const config = spec.map('config');
  for (const key of config?.names ?? []) {
    const value = config?.raw(key);
    if (typeof value === 'object' && value !== null) putLeaves(draft, key, value, (text) => config?.note(key, text));
    else draft.config[key] = String(value);
  }
}

/** What a path takes for a number or a truth value. */
const looksTyped = /^(true|false|0|-?[1-9]\d{0,14})$/;

/** Undefined for what a path cannot say: nothing, an empty list or map, a fraction. */
function leafText(leaf: unknown): string | undefined {
  if (typeof leaf === 'string' || typeof leaf === 'boolean') return String(leaf);
  return typeof leaf === 'number' && looksTyped.test(String(leaf)) ? String(leaf) : undefined;
}

/** `key.inner[0].leaf` for each leaf of a structured value. */
export function putLeaves(draft: Draft, key: string, value: unknown, note: (text: string) => void): void {
  const walk = (path: string, inner: unknown): void => {
    if (Array.isArray(inner) && inner.length > 0)
      return inner.forEach((item, index) => walk(`${path}[${index}]`, item));
    if (isMap(inner) && Object.keys(inner).length > 0)
      return Object.keys(inner)
        .sort()
        .forEach((name) =>
          walk(/^[A-Za-z_][\w-]*$/.test(name) ? `${path}.${name}` : `${path}["${name}"]`, inner[name]),
        );
    const text = leafText(inner);
    if (text === undefined)
      return note(`${path}: ${JSON.stringify(inner)} cannot be said by a path; put it into the stack file in Git`);
    if (typeof inner === 'string' && looksTyped.test(text))
      note(`${path}: the text "${text}" becomes a number or truth value; put it into the stack file in Git`);
    draft.configFrom.push({ key: path, path: true, value: text });
  };
  if (/[.[\]"]/.test(key)) note(`${key}: the key itself reads as a path; put it into the stack file in Git`);
  else walk(key, value);
}

/** `env` of a workspace: as containers have it. */
export function readContainerEnv(spec: Fields, draft: Draft): void {
  for (const item of spec.items('env')) {
    const name = item.text('name') ?? '';
    const value = item.text('value');
    const from = item.map('valueFrom');
    if (value !== undefined) draft.env[name] = value;
    const [kind] = (from?.names ?? []).filter((field) => field === 'secretKeyRef' || field === 'configMapKeyRef');
    const ref = kind === undefined ? undefined : from?.map(kind);
    if (ref !== undefined && kind !== undefined) {
      ref.cannot('optional', 'a value that is missing is always an error');
      draft.envFrom.push({ name, [kind]: { name: ref.text('name'), key: ref.text('key') } });
    }
    for (const field of ['fieldRef', 'resourceFieldRef', 'fileKeyRef'])
      from?.cannot(field, 'no pod runs the program, whose fields could be read');
  }
}

/** `envFrom` of a workspace. */
export function readContainerEnvFrom(spec: Fields, draft: Draft): void {
  for (const item of spec.items('envFrom')) {
    item.cannot('prefix', 'variables keep the names that the Secret or ConfigMap gives them');
    for (const kind of ['secretRef', 'configMapRef'] as const) {
      const ref = item.map(kind);
      if (ref === undefined) continue;
      ref.cannot('optional', 'a Secret or ConfigMap that is missing is always an error');
      draft.envFrom.push({ [kind]: { name: ref.text('name') } });
    }
  }
}
