/** What the engine asks of the provider itself: who it is, what it can do, whether its configuration holds. */
import pluginMessages from '@pulumi/pulumi/proto/plugin_pb.js';
import messages from '@pulumi/pulumi/proto/provider_pb.js';
import type * as wire from '@pulumi/pulumi/proto/provider_pb.js';
import { checkConfig, diffConfig } from './config.ts';
import type { ValueMap } from './property.ts';
import { checkFailure } from './resource-messages.ts';
import { fromStruct, toStruct } from './struct.ts';
import { nameOf } from './urn.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** Of @pulumi/kubernetes, whose resources are served. */
export const version = '4.34.2';

export function handshakeResponse(): wire.ProviderHandshakeResponse {
  const message = new messages.ProviderHandshakeResponse();
  message.setAcceptSecrets(true);
  message.setAcceptResources(true);
  message.setAcceptOutputs(true);
  message.setSupportsAutonamingConfiguration(true);
  return message;
}

export function configureResponse(): wire.ConfigureResponse {
  const message = new messages.ConfigureResponse();
  message.setAcceptsecrets(true);
  message.setAcceptresources(true);
  message.setAcceptoutputs(true);
  message.setSupportspreview(true);
  message.setSupportsAutonamingConfiguration(true);
  return message;
}

/** The stack's configuration comes as variables, the arguments of a provider in the program as a struct. */
export function configuration(message: wire.ConfigureRequest): ValueMap {
  const prefix = 'kubernetes:config:';
  const variables = message.getVariablesMap().toArray();
  return {
    ...Object.fromEntries(variables.map(([key, value]) => [key.replace(prefix, ''), value])),
    ...fromStruct(message.getArgs()),
  };
}

/** As the engine names the provider: `urn::id`. */
export function referenceIn(message: wire.ConfigureRequest): string {
  const [urn = '', id = ''] = [message.getUrn(), message.getId()];
  return urn === '' || id === '' ? '' : `${urn}::${id}`;
}

export function checkConfigResponse(message: wire.CheckRequest, environment: Environment): wire.CheckResponse {
  const news = fromStruct(message.getNews());
  const name = message.getName() || nameOf(message.getUrn());
  const failures = checkConfig(news, { isDefault: name.startsWith('default'), environment });
  const response = new messages.CheckResponse();
  response.setInputs(toStruct(news));
  response.setFailuresList(failures.map(checkFailure));
  return response;
}

export async function diffConfigResponse(
  message: wire.DiffRequest,
  environment: Environment,
): Promise<wire.DiffResponse> {
  const olds = fromStruct(message.getOldInputs() ?? message.getOlds());
  const { diffs, replaces } = await diffConfig(olds, fromStruct(message.getNews()), environment);
  const response = new messages.DiffResponse();
  const { DIFF_SOME, DIFF_NONE } = messages.DiffResponse.DiffChanges;
  response.setChanges(diffs.length === 0 ? DIFF_NONE : DIFF_SOME);
  response.setDiffsList([...diffs]);
  response.setReplacesList([...replaces]);
  return response;
}

export function pluginInfo(): InstanceType<typeof pluginMessages.PluginInfo> {
  const message = new pluginMessages.PluginInfo();
  message.setVersion(version);
  return message;
}

/** The package's schema is needed by those who generate SDKs, which is not what this program is for. */
export function schemaResponse(): wire.GetSchemaResponse {
  const message = new messages.GetSchemaResponse();
  message.setSchema(JSON.stringify({ name: 'kubernetes', version }));
  return message;
}
