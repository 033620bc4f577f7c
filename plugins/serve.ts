/** What both plugins need to serve the engine: a server on loopback, and promises in place of callbacks. */
import {
  Server,
  ServerCredentials,
  type sendUnaryData,
  type ServerUnaryCall,
  type ServiceDefinition,
  type ServiceError,
  type UntypedServiceImplementation,
} from '@grpc/grpc-js';

/** As long as the engine's own (400 MB). */
const longestMessageBytes = 400 * 1024 * 1024;

export interface Listening {
  readonly port: number;
  readonly server: Server;
}

/** Listens on a free port of loopback. */
export async function listen(
  service: ServiceDefinition,
  implementation: UntypedServiceImplementation,
): Promise<Listening> {
  const server = new Server({
    'grpc.max_receive_message_length': longestMessageBytes,
    'grpc.max_send_message_length': longestMessageBytes,
  });
  server.addService(service, implementation);
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, found) =>
      error === null ? resolve(found) : reject(error),
    );
  });
  return { port, server };
}

/** The engine's address: its flags (--logtostderr, --tracing URL) come before it. */
export const engineAddress = (args: readonly string[]): string =>
  args.findLast((argument) => !argument.startsWith('-')) ?? '';

export type Unary<Q, A> = (call: ServerUnaryCall<Q, A>, done: sendUnaryData<A>) => void;

/** A call as gRPC wants it; what `answer` throws becomes the error that `errorOf` says. */
export function unary<Q, A>(
  answer: (request: Q) => A | Promise<A>,
  errorOf: (error: unknown) => Partial<ServiceError>,
): Unary<Q, A> {
  const run = async (request: Q): Promise<A> => answer(request);
  return ({ request }, done) => {
    run(request).then(
      (result) => done(null, result),
      (error: unknown) => done(errorOf(error)),
    );
  };
}
