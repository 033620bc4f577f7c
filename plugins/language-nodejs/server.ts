/** Serves the engine's LanguageRuntime protocol: each call is a few lines here, the work is done elsewhere. */
import {
  status as codes,
  type Server,
  type ServerWritableStream,
  type ServiceError,
  type UntypedServiceImplementation,
} from '@grpc/grpc-js';
import services from '@pulumi/pulumi/proto/language_grpc_pb.js';
import messages from '@pulumi/pulumi/proto/language_pb.js';
import type * as wire from '@pulumi/pulumi/proto/language_pb.js';
import plugin from '@pulumi/pulumi/proto/plugin_pb.js';
import emptyMessages from 'google-protobuf/google/protobuf/empty_pb.js';
import { listen, unary as call, type Unary } from '../serve.ts';
import { versions } from '../versions.ts';
import { install } from './install.ts';
import { offerKubernetes } from './offer.ts';
import { dependencies, packageManagerOf, versionOf } from './package-manager.ts';
import { packageManagers, programOf } from './program.ts';
import { requiredPackages } from './required-packages.ts';
import { packageDependency, runOf } from './messages.ts';
import { runProgram } from './run-program.ts';

export class LanguageHost implements AsyncDisposable {
  engine: string;
  readonly environment: NodeJS.ProcessEnv;
  readonly #ending = new AbortController();
  readonly #running = new Set<Promise<unknown>>();

  constructor(engine: string, environment: NodeJS.ProcessEnv) {
    this.engine = engine;
    this.environment = environment;
  }

  get signal(): AbortSignal {
    return this.#ending.signal;
  }

  /** Programs and installations that are under way when the host ends are ended first. */
  async track<T>(work: Promise<T>): Promise<T> {
    this.#running.add(work);
    return work.finally(() => this.#running.delete(work));
  }

  cancel(): void {
    this.#ending.abort(new Error('the operation was cancelled'));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.cancel();
    await Promise.allSettled(this.#running);
  }
}

export const serve = (host: LanguageHost): Promise<{ readonly port: number; readonly server: Server }> =>
  listen(services.LanguageRuntimeService, {
    ...lifeCalls(host),
    ...programCalls(host),
    ...packageCalls(host),
    ...otherCalls(),
  });

const errorOf = (error: unknown): Partial<ServiceError> => {
  const details = error instanceof Error ? error.message : String(error);
  return { code: codes.UNKNOWN, details };
};

const unary = <Q, A>(answer: (request: Q) => A | Promise<A>): Unary<Q, A> => call(answer, errorOf);

const empty = (): InstanceType<typeof emptyMessages.Empty> => new emptyMessages.Empty();

function lifeCalls(host: LanguageHost): UntypedServiceImplementation {
  return {
    handshake: unary((request: wire.LanguageHandshakeRequest) => {
      host.engine = request.getEngineAddress();
      return new messages.LanguageHandshakeResponse();
    }),
    getPluginInfo: unary(() => {
      const info = new plugin.PluginInfo();
      info.setVersion(versions.pulumi);
      return info;
    }),
    cancel: unary(() => {
      host.cancel();
      return empty();
    }),
  };
}

function programCalls(host: LanguageHost): UntypedServiceImplementation {
  return {
    getRequiredPackages: unary(async (request: wire.GetRequiredPackagesRequest) => {
      const response = new messages.GetRequiredPackagesResponse();
      const found = await requiredPackages(programOf(request.getInfo()).folder);
      await offerKubernetes(found, host.environment);
      response.setPackagesList(found.map(packageDependency));
      return response;
    }),
    run: unary(async (request: wire.RunRequest) => {
      const response = new messages.RunResponse();
      const { error, bail } = await host.track(runProgram(runOf(request, host.engine), host.environment, host.signal));
      response.setError(error);
      response.setBail(bail);
      return response;
    }),
    about: unary(async (request: wire.AboutRequest) => {
      const response = new messages.AboutResponse();
      const manager = packageManagerOf(programOf(request.getInfo()));
      response.setExecutable(process.execPath);
      response.setVersion(process.version);
      response.getMetadataMap().set('packagemanager', manager);
      response
        .getMetadataMap()
        .set('packagemanagerVersion', (await versionOf(manager, host.environment['PATH'])) ?? '');
      return response;
    }),
  };
}

function packageCalls(host: LanguageHost): UntypedServiceImplementation {
  return {
    installDependencies: (
      stream: ServerWritableStream<wire.InstallDependenciesRequest, wire.InstallDependenciesResponse>,
    ) => {
      const send = (fill: (response: wire.InstallDependenciesResponse) => void): void => {
        const response = new messages.InstallDependenciesResponse();
        fill(response);
        stream.write(response);
      };
      const output = {
        stdout: (chunk: string | Buffer) => send((response) => response.setStdout(Buffer.from(chunk))),
        stderr: (chunk: string | Buffer) => send((response) => response.setStderr(Buffer.from(chunk))),
      };
      const run = async (): Promise<void> => install(programOf(stream.request.getInfo()), output, host.signal);
      host.track(run()).then(
        () => stream.end(),
        (error: unknown) => stream.destroy(Object.assign(new Error(), errorOf(error))),
      );
    },
    getProgramDependencies: unary(async (request: wire.GetProgramDependenciesRequest) => {
      const { folder } = programOf(request.getInfo());
      const found = await dependencies(folder, request.getTransitivedependencies());
      const response = new messages.GetProgramDependenciesResponse();
      response.setDependenciesList(
        found.map((dependency) => {
          const info = new messages.DependencyInfo();
          info.setName(dependency.name);
          info.setVersion(versions.pulumi);
          return info;
        }),
      );
      return response;
    }),
    runtimeOptionsPrompts: unary((request: wire.RuntimeOptionsRequest) => {
      const response = new messages.RuntimeOptionsResponse();
      if (programOf(request.getInfo()).options.packageManager !== undefined) return response;
      response.setPromptsList([packageManagerPrompt()]);
      return response;
    }),
    template: unary(() => new messages.TemplateResponse()),
  };
}

function packageManagerPrompt(): wire.RuntimeOptionPrompt {
  const { RuntimeOptionPrompt } = messages;
  const type = RuntimeOptionPrompt.RuntimeOptionType.STRING;
  const value = (name: string): wire.RuntimeOptionPrompt.RuntimeOptionValue => {
    const choice = new RuntimeOptionPrompt.RuntimeOptionValue();
    choice.setPrompttype(type);
    choice.setStringvalue(name);
    choice.setDisplayname(name);
    return choice;
  };
  const prompt = new RuntimeOptionPrompt();
  prompt.setKey('packagemanager');
  prompt.setDescription('The package manager to use for installing dependencies');
  prompt.setPrompttype(type);
  prompt.setChoicesList(packageManagers.map(value));
  prompt.setDefault(value('npm'));
  return prompt;
}

/** What only the official language host does, said so that one knows where to go. */
function otherCalls(): UntypedServiceImplementation {
  const refuse = (what: string): Unary<unknown, never> =>
    call(
      () => {
        throw new Error(`${what} is not done by Plumbline's language host; install the one of pulumi.com for it`);
      },
      (error) => ({ ...errorOf(error), code: codes.UNIMPLEMENTED }),
    );
  return {
    generateProgram: refuse('converting a program to TypeScript'),
    generateProject: refuse('converting a project to TypeScript'),
    generatePackage: refuse('generating an SDK'),
    pack: refuse('packing an SDK'),
    link: refuse('linking an SDK'),
    runPlugin: refuse('running a plugin or policy pack written for Node'),
  };
}
