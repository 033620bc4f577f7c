/**
 * Resources of a provider with `renderYamlToDirectory`: each is a file, and no cluster is asked anything. What the
 * operator calls synth for cdk8s is `pulumi up` here.
 */
import { stat } from 'node:fs/promises';
import type { KubeObject } from '#kube';
import { failure } from '#runtime';
import { check } from '../check.ts';
import { checkpoint, inputsIn } from '../checkpoint.ts';
import { diff } from '../diff.ts';
import { asObject, idOf } from '../object.ts';
import { hasSecret, type ValueMap } from '../property.ts';
import type {
  Created,
  CreateRequest,
  DeleteRequest,
  Handler,
  ReadRequest,
  ReadResult,
  UpdateRequest,
} from '../requests.ts';
import type { Session } from '../session.ts';
import { typeParts } from '../urn.ts';
import { filePath, removeManifest, writeManifest } from './manifest-files.ts';

/** Files that a run has written: a resource that takes over the name of one that goes keeps its file. */
const written = new WeakMap<Session, Map<string, string>>();

export const rendered: Handler = { check, diff, create, update, read, delete: remove };

async function create(session: Session, { urn, type, inputs, preview }: CreateRequest): Promise<Created> {
  assertObject(type);
  if (preview) return { id: '', outputs: inputs };
  const object = asObject(inputs);
  await write(session, urn, inputs, object);
  return { id: idOf(object), outputs: outputsOf(inputs, object) };
}

async function update(session: Session, request: UpdateRequest): Promise<{ readonly outputs: ValueMap }> {
  const { urn, news, preview } = request;
  if (preview) return { outputs: news };
  const object = asObject(news);
  await write(session, urn, news, object);
  // Another version of the kind means another name of the file.
  await forget(session, asObject(inputsIn(request)));
  return { outputs: outputsOf(news, object) };
}

/** A file that is gone is made again by the update that follows. */
async function read(session: Session, request: ReadRequest): Promise<ReadResult> {
  const { id, oldOutputs } = request;
  if (Object.keys(oldOutputs).length === 0)
    throw failure('ObjectInvalid', {
      where: id,
      what: 'a provider with renderYamlToDirectory reads nothing from a cluster',
      remedy: 'take get and import to a provider without it',
    });
  const inputs = inputsIn(request);
  const found = await stat(filePath(folderOf(session), asObject(inputs))).catch(() => undefined);
  return { id: found === undefined ? '' : id, inputs, outputs: oldOutputs };
}

function remove(session: Session, request: DeleteRequest): Promise<void> {
  return forget(session, asObject(inputsIn(request)));
}

async function write(session: Session, urn: string, inputs: ValueMap, object: KubeObject): Promise<void> {
  const path = filePath(folderOf(session), object);
  const files = filesOf(session);
  const other = files.get(path);
  if (other !== undefined && other !== urn)
    throw failure('DuplicateObject', {
      where: path,
      what: `${other} is written to this file too`,
      remedy: 'give one of the two objects another name or namespace',
    });
  files.set(path, urn);
  await writeManifest(path, object);
  if (!hasSecret(inputs)) return;
  await session.engine.tell({ urn, severity: 'warning', text: `${path} holds a secret value in plain text` });
}

async function forget(session: Session, object: KubeObject): Promise<void> {
  const path = filePath(folderOf(session), object);
  if (!filesOf(session).has(path)) await removeManifest(path);
}

function filesOf(session: Session): Map<string, string> {
  const known = written.get(session);
  if (known !== undefined) return known;
  const files = new Map<string, string>();
  written.set(session, files);
  return files;
}

const folderOf = ({ settings }: Session): string => settings.renderTo ?? '.';

const outputsOf = (inputs: ValueMap, object: KubeObject): ValueMap =>
  checkpoint({ inputs, live: object, manager: 'pulumi-kubernetes', initialApiVersion: object.apiVersion });

function assertObject(type: string): void {
  const parts = typeParts(type);
  if (parts?.patch === false) return;
  const isPatch = parts?.patch === true;
  throw failure('ObjectInvalid', {
    what: `${type} cannot be written as a file: ${isPatch ? 'it changes an object that somebody else made' : 'helm installs it'}`,
    remedy: isPatch ? 'write the object as a whole' : 'use kubernetes.helm.v4.Chart, which makes objects of a chart',
  });
}
