/** Property values to and from google.protobuf.Struct, where the engine marks what JSON does not have by signatures. */
import protobuf from 'google-protobuf/google/protobuf/struct_pb.js';
import {
  asset,
  isAsset,
  isList,
  isMap,
  isOutput,
  isReference,
  isSecret,
  isUnknown,
  output,
  reference,
  secret,
  unknown,
  type Value,
  type ValueMap,
} from './property.ts';

type Struct = protobuf.Struct;
type Json = null | boolean | number | string | Json[] | JsonMap;
interface JsonMap {
  [key: string]: Json;
}

/** Key of a map that stands for something else, and what it stands for (sdk/go/common/resource/sig). */
const signature = '4dabf18193072939515e22adb298388d';
const signatures = {
  secret: '1b47061264138c4ac30d75fd1eb44270',
  asset: 'c44067f5952c0a294b673a41bacd8c17',
  archive: '0def7320c3a5731c473e5ecbe6d01bc7',
  reference: '5cf8f73096256a8f31e491e813e4eb8e',
  output: 'd0e6a833031e9bbcd3f4e8bde6ca49a4',
};

const unknownText = '04da6b54-80e4-46f7-96ec-b56ff0331ba9';
/** One for each type that an unknown value can have (sdk/go/common/resource/plugin/rpc.go). */
const unknowns: ReadonlySet<string> = new Set([
  '1c4a061d-8072-4f0a-a4cb-0ff528b18fe7',
  '3eeb2bf0-c639-47a8-9e75-3b44932eb421',
  unknownText,
  '6a19a0b0-7e62-4c92-b797-7f8e31da9cc2',
  '030794c1-ac77-496b-92df-f27374a8bd58',
  'e48ece36-62e2-4504-bad9-02848725956a',
  'dd056dcd-154b-4c76-9bd3-c8f88648b5ff',
]);

export function fromStruct(struct: Struct | undefined): ValueMap {
  return struct === undefined ? {} : fromMap(struct.toJavaScript());
}

export function toStruct(map: ValueMap): Struct {
  return protobuf.Struct.fromJavaScript(toMap(map));
}

export function toProtobufValue(value: Value): protobuf.Value {
  return protobuf.Value.fromJavaScript(toJson(value) as protobuf.JavaScriptValue);
}

function fromJson(json: Json): Value {
  if (typeof json === 'string') return unknowns.has(json) ? unknown : json;
  if (typeof json !== 'object' || json === null) return json;
  if (Array.isArray(json)) return json.map(fromJson);
  return signature in json ? fromSigned(json) : fromMap(json);
}

function fromMap(json: JsonMap): ValueMap {
  const map: Record<string, Value> = {};
  for (const key of Object.keys(json)) map[key] = fromJson(json[key] ?? null);
  return map;
}

function fromSigned(json: JsonMap): Value {
  const text = (key: string): string => (typeof json[key] === 'string' ? json[key] : '');
  switch (json[signature]) {
    case signatures.secret:
      return secret(fromJson(json['value'] ?? null));
    case signatures.output:
      return output({
        value: json['value'] === undefined ? undefined : fromJson(json['value']),
        secret: json['secret'] === true,
        dependencies: (json['dependencies'] ?? []) as string[],
      });
    case signatures.reference: {
      const id = json['id'];
      const parts = { urn: text('urn'), packageVersion: text('packageVersion') };
      return reference({ ...parts, id: id === undefined ? undefined : id === '' ? unknown : fromJson(id) });
    }
    case signatures.asset:
    case signatures.archive:
      return fromAsset(json);
    default:
      return fromMap(json);
  }
}

function fromAsset(json: JsonMap): Value {
  const { path, uri, text, assets } = json;
  return asset({
    ...(typeof path === 'string' && path !== '' ? { path } : {}),
    ...(typeof uri === 'string' && uri !== '' ? { uri } : {}),
    ...(typeof text === 'string' ? { text } : {}),
    ...(typeof assets === 'object' && assets !== null ? { assets: fromMap(assets as JsonMap) } : {}),
    sent: json,
  });
}

function toJson(value: Value): Json {
  if (typeof value !== 'object' || value === null) return value;
  if (isList(value)) return value.map(toJson);
  if (isMap(value)) return toMap(value);
  if (isUnknown(value)) return unknownText;
  if (isSecret(value)) return { [signature]: signatures.secret, value: toJson(value.value) };
  if (isAsset(value)) return value.sent as JsonMap;
  if (isReference(value)) {
    const { urn, id, packageVersion } = value;
    const known = id === undefined ? {} : { id: isUnknown(id) ? '' : toJson(id) };
    return { [signature]: signatures.reference, urn, packageVersion, ...known };
  }
  if (isOutput(value)) {
    const json: JsonMap = { [signature]: signatures.output };
    if (value.value !== undefined) json['value'] = toJson(value.value);
    if (value.secret) json['secret'] = true;
    if (value.dependencies.length > 0) json['dependencies'] = [...value.dependencies];
    return json;
  }
  return null;
}

function toMap(map: ValueMap): JsonMap {
  const json: JsonMap = {};
  for (const key of Object.keys(map)) {
    const value = map[key];
    if (value !== undefined) json[key] = toJson(value);
  }
  return json;
}
