/** The engine's ResourceMonitor: where a component registers itself and the resources that it is made of. */
import { credentials } from '@grpc/grpc-js';
import type { ConstructRequest as Sent } from '@pulumi/pulumi/proto/provider_pb.js';
import type { ResourceMonitorClient } from '@pulumi/pulumi/proto/resource_grpc_pb.js';
import type * as messages from '@pulumi/pulumi/proto/resource_pb.js';
import { failure } from '#runtime';
import type { Value, ValueMap } from '../property.ts';
import { toStruct } from '../struct.ts';

type Messages = typeof messages.default;
type Request = messages.RegisterResourceRequest;

export interface Registered {
  readonly urn: string;
  /** '' of a component, and of what a preview would create. */
  readonly id: string;
}

export interface Child {
  readonly type: string;
  readonly name: string;
  readonly parent: string;
  /** `urn::id`; '' for the one that the engine finds. */
  readonly provider: string;
  readonly inputs: ValueMap;
  readonly dependencies: readonly string[];
  readonly retainOnDelete: boolean;
}

export class Monitor implements Disposable {
  readonly #client: ResourceMonitorClient;
  readonly #messages: Messages;

  private constructor(client: ResourceMonitorClient, loaded: Messages) {
    this.#client = client;
    this.#messages = loaded;
  }

  /** @param address `host:port` */
  static async connect(address: string): Promise<Monitor> {
    const { default: services } = await import('@pulumi/pulumi/proto/resource_grpc_pb.js');
    const { default: loaded } = await import('@pulumi/pulumi/proto/resource_pb.js');
    const unlimited = { 'grpc.max_receive_message_length': -1, 'grpc.max_send_message_length': -1 };
    const client = new services.ResourceMonitorClient(address, credentials.createInsecure(), unlimited);
    return new Monitor(client, loaded);
  }

  /** The component itself, with the options that the program gave it. */
  component(sent: Sent): Promise<Registered> {
    const request = this.#request(sent.getType(), sent.getName(), sent.getParent());
    request.setDependenciesList(sent.getDependenciesList());
    sent.getProvidersMap().forEach((reference, name) => request.getProvidersMap().set(name, reference));
    this.#takeOptions(request, sent);
    return this.#register(request);
  }

  child({ type, name, parent, provider, inputs, dependencies, retainOnDelete }: Child): Promise<Registered> {
    const request = this.#request(type, name, parent);
    request.setCustom(true);
    request.setProvider(provider);
    request.setObject(toStruct(inputs));
    request.setDependenciesList([...dependencies]);
    if (retainOnDelete) request.setRetainondelete(true);
    return this.#register(request);
  }

  async outputs(urn: string, outputs: Readonly<Record<string, Value>>): Promise<void> {
    const request = new this.#messages.RegisterResourceOutputsRequest();
    request.setUrn(urn);
    request.setOutputs(toStruct(outputs));
    await new Promise<void>((resolve, reject) => {
      this.#client.registerResourceOutputs(request, (error) => (error === null ? resolve() : reject(error)));
    });
  }

  [Symbol.dispose](): void {
    this.#client.close();
  }

  #request(type: string, name: string, parent: string): Request {
    const request = new this.#messages.RegisterResourceRequest();
    request.setType(type);
    request.setName(name);
    request.setParent(parent);
    request.setObject(toStruct({}));
    request.setAcceptsecrets(true);
    request.setAcceptresources(true);
    request.setSupportspartialvalues(true);
    request.setSupportsresultreporting(true);
    request.setAliasspecs(true);
    return request;
  }

  /** @throws Failure ApplyFailed when the engine could not do it; it has told why. */
  async #register(request: Request): Promise<Registered> {
    const answer = await new Promise<messages.RegisterResourceResponse>((resolve, reject) => {
      this.#client.registerResource(request, (error, response) => (error === null ? resolve(response) : reject(error)));
    });
    if (answer.getResult() !== this.#messages.Result.SUCCESS)
      throw failure('ApplyFailed', { where: request.getName(), what: 'was not made', remedy: 'read its own message' });
    return { urn: answer.getUrn(), id: answer.getId() };
  }

  /** Those that mean something for a component; its children inherit what they should in the engine. */
  #takeOptions(request: Request, sent: Sent): void {
    request.setAliasesList(sent.getAliasesList());
    request.setIgnorechangesList(sent.getIgnorechangesList());
    request.setReplaceonchangesList(sent.getReplaceonchangesList());
    request.setReplaceWithList(sent.getReplaceWithList());
    request.setDeletedwith(sent.getDeletedwith());
    request.setReplacementTrigger(sent.getReplacementTrigger());
    request.setParentstacktracehandle(sent.getStackTraceHandle());
    if (sent.hasProtect()) request.setProtect(sent.getProtect() === true);
    if (sent.hasRetainondelete()) request.setRetainondelete(sent.getRetainondelete() === true);
    // Two messages of the same fields: of the request that came, and of the one that goes.
    const { CustomTimeouts, ResourceHooksBinding } = this.#messages.RegisterResourceRequest;
    const timeouts = sent.getCustomtimeouts()?.serializeBinary();
    if (timeouts !== undefined) request.setCustomtimeouts(CustomTimeouts.deserializeBinary(timeouts));
    const hooks = sent.getResourceHooks()?.serializeBinary();
    if (hooks !== undefined) request.setHooks(ResourceHooksBinding.deserializeBinary(hooks));
  }
}
