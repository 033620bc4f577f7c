/** The way back to the engine: messages shown at a resource. Connected on first use. */
import { credentials } from '@grpc/grpc-js';
import type { EngineClient } from '@pulumi/pulumi/proto/engine_grpc_pb.js';

export type Severity = 'debug' | 'info' | 'warning' | 'error';

export interface Message {
  readonly urn: string;
  readonly severity: Severity;
  readonly text: string;
  /** Shown while the resource is worked on, and forgotten. */
  readonly passing?: boolean;
}

const numbers: Record<Severity, 0 | 1 | 2 | 3> = { debug: 0, info: 1, warning: 2, error: 3 };

export class Engine {
  readonly #address: string;
  #client: Promise<EngineClient> | undefined;

  /** `host:port` as the engine gave it. */
  constructor(address: string) {
    this.#address = address;
  }

  get address(): string {
    return this.#address;
  }

  async tell({ urn, severity, text, passing = false }: Message): Promise<void> {
    const { default: messages } = await import('@pulumi/pulumi/proto/engine_pb.js');
    const client = await (this.#client ??= this.#connect());
    const request = new messages.LogRequest();
    request.setSeverity(numbers[severity]);
    request.setMessage(text);
    request.setUrn(urn);
    request.setEphemeral(passing);
    await new Promise<void>((resolve, reject) => {
      client.log(request, (error) => (error === null ? resolve() : reject(error)));
    });
  }

  async #connect(): Promise<EngineClient> {
    const { default: services } = await import('@pulumi/pulumi/proto/engine_grpc_pb.js');
    return new services.EngineClient(this.#address, credentials.createInsecure());
  }
}
