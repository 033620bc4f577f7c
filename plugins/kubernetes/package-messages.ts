/** The engine's messages about functions and components of the package to and from plain data. */
import messages from '@pulumi/pulumi/proto/provider_pb.js';
import type * as wire from '@pulumi/pulumi/proto/provider_pb.js';
import type { Constructed, ConstructRequest, InvokeRequest, InvokeResult } from './requests.ts';
import { checkFailure } from './resource-messages.ts';
import { fromStruct, toStruct } from './struct.ts';

export const invokeRequest = (message: wire.InvokeRequest): InvokeRequest => ({
  token: message.getTok(),
  args: fromStruct(message.getArgs()),
  preview: message.getPreview(),
});

export function invokeResponse({ value, failures }: InvokeResult): wire.InvokeResponse {
  const message = new messages.InvokeResponse();
  message.setReturn(toStruct(value));
  message.setFailuresList(failures.map(checkFailure));
  return message;
}

export const constructRequest = (message: wire.ConstructRequest): ConstructRequest => ({
  urn: '',
  type: message.getType(),
  name: message.getName(),
  monitor: message.getMonitorendpoint(),
  inputs: fromStruct(message.getInputs()),
  providers: Object.fromEntries(message.getProvidersMap().toArray()),
  sent: message,
});

export function constructResponse({ urn, state, stateDependencies }: Constructed): wire.ConstructResponse {
  const message = new messages.ConstructResponse();
  message.setUrn(urn);
  message.setState(toStruct(state));
  const dependencies = message.getStatedependenciesMap();
  for (const [key, urns] of Object.entries(stateDependencies)) {
    const of = new messages.ConstructResponse.PropertyDependencies();
    of.setUrnsList([...urns]);
    dependencies.set(key, of);
  }
  return message;
}
