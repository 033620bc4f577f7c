/** Serves the engine's ResourceProvider protocol: each call is one line here, and a room of its own elsewhere. */
import type { Server, UntypedServiceImplementation } from '@grpc/grpc-js';
import services from '@pulumi/pulumi/proto/provider_grpc_pb.js';
import type * as wire from '@pulumi/pulumi/proto/provider_pb.js';
import type { PluginAttach } from '@pulumi/pulumi/proto/plugin_pb.js';
import emptyMessages from 'google-protobuf/google/protobuf/empty_pb.js';
import { listen, unary as call, type Unary } from '../serve.ts';
import { handlerOf } from './handlers.ts';
import type { Provider } from './provider.ts';
import * as own from './provider-messages.ts';
import type { Handler } from './requests.ts';
import * as resource from './resource-messages.ts';
import { rpcError } from './rpc-error.ts';
import type { Session } from './session.ts';

const empty = (): InstanceType<typeof emptyMessages.Empty> => new emptyMessages.Empty();

/** Listens on a free port of loopback. */
export function serve(
  provider: Provider,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<{ readonly port: number; readonly server: Server }> {
  return listen(services.ResourceProviderService, {
    ...ownCalls(provider, environment),
    ...resourceCalls(provider),
    ...packageCalls(provider),
  });
}

function ownCalls(
  provider: Provider,
  environment: Readonly<Record<string, string | undefined>>,
): UntypedServiceImplementation {
  return {
    handshake: unary((message: wire.ProviderHandshakeRequest) => {
      provider.attach(message.getEngineAddress());
      return own.handshakeResponse();
    }),
    attach: unary((message: PluginAttach) => {
      provider.attach(message.getAddress());
      return empty();
    }),
    getPluginInfo: unary(own.pluginInfo),
    getSchema: unary(own.schemaResponse),
    checkConfig: unary((message: wire.CheckRequest) => own.checkConfigResponse(message, environment)),
    diffConfig: unary((message: wire.DiffRequest) => own.diffConfigResponse(message, environment)),
    configure: unary((message: wire.ConfigureRequest) => {
      provider.configure(own.configuration(message), own.referenceIn(message));
      return own.configureResponse();
    }),
    cancel: unary(() => {
      provider.cancel();
      return empty();
    }),
  };
}

function resourceCalls(provider: Provider): UntypedServiceImplementation {
  /** Reads the message, asks the handler of the resource's type, writes the answer. */
  const asking = <M, Q extends { readonly type: string }, R, A>(
    read: (message: M) => Q,
    ask: (handler: Handler, session: Session, request: Q) => Promise<R>,
    write: (result: R) => A,
  ): Unary<M, A> =>
    unary(async (message: M) => {
      const { session } = provider;
      const request = read(message);
      return write(await ask(handlerOf(request.type, session), session, request));
    });
  return {
    check: asking(resource.checkRequest, (handler, ...asked) => handler.check(...asked), resource.checkResponse),
    diff: asking(resource.diffRequest, (handler, ...asked) => handler.diff(...asked), resource.diffResponse),
    create: asking(resource.createRequest, (handler, ...asked) => handler.create(...asked), resource.createResponse),
    update: asking(resource.updateRequest, (handler, ...asked) => handler.update(...asked), resource.updateResponse),
    read: asking(resource.readRequest, (handler, ...asked) => handler.read(...asked), resource.readResponse),
    delete: asking(resource.deleteRequest, (handler, ...asked) => handler.delete(...asked), empty),
  };
}

/** Loaded on first use: most programs need objects alone. */
function packageCalls(provider: Provider): UntypedServiceImplementation {
  return {
    invoke: unary(async (message: wire.InvokeRequest) => {
      const [{ invoke }, { invokeRequest, invokeResponse }] = await Promise.all([
        import('./invoke.ts'),
        import('./package-messages.ts'),
      ]);
      return invokeResponse(await invoke(provider.session, invokeRequest(message)));
    }),
    construct: unary(async (message: wire.ConstructRequest) => {
      const [{ construct }, { constructRequest, constructResponse }] = await Promise.all([
        import('./construct.ts'),
        import('./package-messages.ts'),
      ]);
      return constructResponse(await construct(provider.session, constructRequest(message)));
    }),
  };
}

const unary = <Q, A>(answer: (request: Q) => A | Promise<A>): Unary<Q, A> => call(answer, rpcError);
