/** The engine's side of a provider's way back: takes messages over its real protocol, and keeps them. */
import services from '@pulumi/pulumi/proto/engine_grpc_pb.js';
import type { LogRequest } from '@pulumi/pulumi/proto/engine_pb.js';
import emptyMessages from 'google-protobuf/google/protobuf/empty_pb.js';
import type { Server } from '@grpc/grpc-js';
import { listen, unary } from '#provider';

export interface Told {
  readonly urn: string;
  readonly text: string;
  /** Shown while the resource is worked on, and forgotten. */
  readonly passing: boolean;
}

export class EngineLog implements AsyncDisposable {
  readonly told: readonly Told[];
  /** As the provider is given it. */
  readonly address: string;
  readonly #server: Server;

  private constructor(told: readonly Told[], address: string, server: Server) {
    this.told = told;
    this.address = address;
    this.#server = server;
  }

  static async start(): Promise<EngineLog> {
    const told: Told[] = [];
    const log = unary(
      (message: LogRequest) => {
        told.push({ urn: message.getUrn(), text: message.getMessage(), passing: message.getEphemeral() });
        return new emptyMessages.Empty();
      },
      (error) => ({ message: String(error) }),
    );
    const { port, server } = await listen(services.EngineService, { log });
    return new EngineLog(told, `127.0.0.1:${port}`, server);
  }

  /** What was said of one resource, in order. */
  of(urn: string): string[] {
    return this.told.filter((each) => each.urn === urn).map(({ text }) => text);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.forceShutdown();
    await Promise.resolve();
  }
}
