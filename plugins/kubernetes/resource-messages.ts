/** The engine's messages about one resource to and from plain data. */
import messages from '@pulumi/pulumi/proto/provider_pb.js';
import type * as wire from '@pulumi/pulumi/proto/provider_pb.js';
import type { ValueMap } from './property.ts';
import type {
  Autonaming,
  CheckFailure,
  CheckRequest,
  CheckResult,
  Created,
  CreateRequest,
  DeleteRequest,
  DiffRequest,
  DiffResult,
  ReadRequest,
  ReadResult,
  UpdateRequest,
} from './requests.ts';
import { fromStruct, toStruct } from './struct.ts';
import { nameOf, typeOf } from './urn.ts';

/** Who the resource is. Engines before 3.100 sent the URN alone. */
function named(message: { getUrn(): string; getName(): string; getType(): string }): {
  readonly urn: string;
  readonly type: string;
  readonly name: string;
} {
  const urn = message.getUrn();
  return { urn, type: message.getType() || typeOf(urn), name: message.getName() || nameOf(urn) };
}

/** Seconds, of which 0 means the default. */
const milliseconds = (seconds: number): number | undefined => (seconds > 0 ? seconds * 1000 : undefined);

const modes: readonly Autonaming['mode'][] = ['propose', 'enforce', 'disable'];

export function checkRequest(message: wire.CheckRequest): CheckRequest {
  const autonaming = message.getAutonaming();
  return {
    ...named(message),
    olds: message.getOlds() === undefined ? undefined : nonEmpty(fromStruct(message.getOlds())),
    news: fromStruct(message.getNews()),
    seed: message.getRandomseed_asU8(),
    autonaming:
      autonaming === undefined
        ? undefined
        : { mode: modes[autonaming.getMode()] ?? 'propose', proposed: autonaming.getProposedName() },
  };
}

const nonEmpty = (map: ValueMap): ValueMap | undefined => (Object.keys(map).length === 0 ? undefined : map);

export function checkResponse({ inputs, failures }: CheckResult): wire.CheckResponse {
  const message = new messages.CheckResponse();
  message.setInputs(toStruct(inputs));
  message.setFailuresList(failures.map(checkFailure));
  return message;
}

export function checkFailure({ property, reason }: CheckFailure): wire.CheckFailure {
  const message = new messages.CheckFailure();
  message.setProperty(property);
  message.setReason(reason);
  return message;
}

export const diffRequest = (message: wire.DiffRequest | wire.UpdateRequest): DiffRequest => ({
  ...named(message),
  id: message.getId(),
  oldInputs: fromStruct(message.getOldInputs()),
  oldOutputs: fromStruct(message.getOlds()),
  news: fromStruct(message.getNews()),
  ignoreChanges: message.getIgnorechangesList(),
});

export function diffResponse({ changes, changed, replaces = [], deleteBeforeReplace }: DiffResult): wire.DiffResponse {
  const message = new messages.DiffResponse();
  const kinds = messages.PropertyDiff.Kind;
  const kindOf = { add: kinds.ADD, delete: kinds.DELETE, update: kinds.UPDATE } as const;
  const replacing = { add: kinds.ADD_REPLACE, delete: kinds.DELETE_REPLACE, update: kinds.UPDATE_REPLACE } as const;
  const detailed = message.getDetaileddiffMap();
  for (const { path, kind, replaces: anew, written } of changes) {
    const change = new messages.PropertyDiff();
    change.setKind(anew ? replacing[kind] : kindOf[kind]);
    change.setInputdiff(written);
    detailed.set(path, change);
  }
  const { DIFF_SOME, DIFF_NONE } = messages.DiffResponse.DiffChanges;
  message.setChanges(changes.length > 0 || replaces.length > 0 || changed === true ? DIFF_SOME : DIFF_NONE);
  // Whole properties: the engine shows of the paths only those below one of them.
  message.setDiffsList([...new Set(changes.map(({ path }) => /^[^.[]*/.exec(path)?.[0] ?? path))]);
  message.setReplacesList([...changes.filter((change) => change.replaces).map(({ path }) => path), ...replaces]);
  message.setDeletebeforereplace(deleteBeforeReplace);
  message.setHasdetaileddiff(true);
  return message;
}

export const createRequest = (message: wire.CreateRequest): CreateRequest => ({
  ...named(message),
  inputs: fromStruct(message.getProperties()),
  timeoutMs: milliseconds(message.getTimeout()),
  preview: message.getPreview(),
});

export function createResponse({ id, outputs }: Created): wire.CreateResponse {
  const message = new messages.CreateResponse();
  message.setId(id);
  message.setProperties(toStruct(outputs));
  return message;
}

export const updateRequest = (message: wire.UpdateRequest): UpdateRequest => ({
  ...diffRequest(message),
  timeoutMs: milliseconds(message.getTimeout()),
  preview: message.getPreview(),
});

export function updateResponse({ outputs }: { readonly outputs: ValueMap }): wire.UpdateResponse {
  const message = new messages.UpdateResponse();
  message.setProperties(toStruct(outputs));
  return message;
}

export const readRequest = (message: wire.ReadRequest): ReadRequest => ({
  ...named(message),
  id: message.getId(),
  oldInputs: fromStruct(message.getInputs()),
  oldOutputs: fromStruct(message.getProperties()),
});

export function readResponse({ id, inputs, outputs }: ReadResult): wire.ReadResponse {
  const message = new messages.ReadResponse();
  message.setId(id);
  if (id === '') return message;
  message.setInputs(toStruct(inputs));
  message.setProperties(toStruct(outputs));
  return message;
}

export const deleteRequest = (message: wire.DeleteRequest): DeleteRequest => ({
  ...named(message),
  id: message.getId(),
  oldInputs: fromStruct(message.getOldInputs()),
  oldOutputs: fromStruct(message.getProperties()),
  timeoutMs: milliseconds(message.getTimeout()),
});
