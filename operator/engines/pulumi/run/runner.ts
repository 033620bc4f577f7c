/** One run of the Pulumi engine after another: makes the folder, lends the identity, starts the process, watches over it, cleans up. */
import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ClusterConfig, Transport } from '#kube';
import { Failure, failure, type Clock } from '#runtime';
import type { Dependencies, Modules } from '../dependencies/dependencies.ts';
import type { Runner, RunReport, RunRequest } from '../values.ts';
import { lendIdentity, type Identity } from './account-token.ts';
import { causeOf } from './causes.ts';
import { nodeArguments } from './confinement.ts';
import { environmentOf, type Programs } from './environment.ts';
import type { Job, JobOptions } from './messages.ts';
import { readProject, readStackFile, runtimeOptions, writeProject, type Project } from './project.ts';
import { RunFailed } from './run-failed.ts';
import { makeScratch, writePrivate, type Scratch } from './scratch.ts';
import { passphraseVariable, stackConfig } from './stack-config.ts';
import { supervise, type Supervised } from './supervision.ts';

export interface RunnerOptions {
  /** For the folders of runs, plugins and the cache of dependencies. */
  readonly folder: string;
  readonly transport: Transport;
  readonly cluster: ClusterConfig;
  readonly clock: Clock;
  readonly programs: Programs;
  readonly dependencies: Dependencies;
}

type RunOptions = Parameters<Runner['run']>[1];

export function createRunner(options: RunnerOptions): Runner {
  return { run: (request, runOptions) => run(options, request, runOptions) };
}

async function run(options: RunnerOptions, request: RunRequest, runOptions: RunOptions): Promise<RunReport> {
  const { signal } = runOptions;
  const { clock, folder } = options;
  const started = clock.now();
  signal.throwIfAborted();
  const where = { folder: join(request.folder, request.path), path: request.path };
  const project = await readProject(where, request.project);
  const plugins = join(folder, 'plugins');
  await mkdir(plugins, { recursive: true });
  await using scratch = await makeScratch({ folder: join(folder, 'runs'), source: request.folder, plugins });
  const [identity, modules] = await Promise.all([
    lendIdentity({ ...options, account: request.account, ms: lifetimeMs(request), signal }),
    options.dependencies.provide({ path: request.path, allowScripts: request.allowScripts ?? false }, scratch.tree, {
      signal,
    }),
  ]);
  await using _inUse = modules;
  const prepared = await prepare(request, { project, scratch, identity, modules });
  const result = await supervise(prepared, {
    ...request.limits,
    clock,
    signal,
    onEvent: (event) => runOptions.onEvent(event),
    cwd: scratch.folder,
    mark: scratch.id,
    env: environmentOf(request, options.programs, scratch),
    path: request.path,
  });
  const report = { ...result.report, durationMs: clock.now() - started };
  if (result.code === 0 && result.stopped === undefined) return report;
  throw failed(result, request, report);
}

/** The token outlives the run, also one that is slow to stop. */
const lifetimeMs = ({ limits }: RunRequest): number => limits.timeoutMs + limits.graceMs;

interface Parts {
  readonly project: Project;
  readonly scratch: Scratch;
  readonly identity: Identity;
  readonly modules: Modules;
}

/** Writes what the run reads, and says what is to be done. */
async function prepare(request: RunRequest, { project, scratch, identity, modules }: Parts): Promise<Job> {
  const { backend, pulumiStack, stack, path, config } = request;
  const workFolder = join(scratch.tree, path);
  const passphrase = backend.environment[passphraseVariable];
  const file = await readStackFile(project, { folder: workFolder, path }, pulumiStack.split('/').at(-1) ?? '');
  const name = `${stack.namespace}/${stack.name}`;
  const { file: written, left } = await stackConfig(file, { project: project.name, stack: name, backend, config });
  const nodeargs = nodeArguments(runtimeOptions(project).nodeargs, {
    reads: [scratch.tree, scratch.home, scratch.temporary, scratch.kubeconfig, ...modules.reads],
    writes: [scratch.temporary],
    memoryMiB: request.limits.memoryMiB,
  });
  await Promise.all([
    writeProject(project, workFolder, nodeargs),
    writePrivate(scratch.config, JSON.stringify(written)),
    writePrivate(scratch.kubeconfig, identity.kubeconfig),
    ...(passphrase === undefined ? [] : [writePrivate(scratch.passphrase, passphrase)]),
  ]);
  return {
    operation: request.operation,
    workFolder,
    pulumiStack,
    exists: await stackExists(backend.url, project.name, pulumiStack),
    secretsProvider: backend.secretsProvider,
    configFile: scratch.config,
    secretConfig: left,
    options: optionsOf(request),
    flags: [],
    secrets: secretsOf(request, identity),
  };
}

function optionsOf(request: RunRequest): JobOptions {
  const { operation, planFile, refresh, expectNoChanges, targets, targetDependents, replace, parallel } = request;
  const isUpdate = operation === 'preview' || operation === 'up';
  return {
    ...(planFile !== undefined && isUpdate ? { plan: planFile } : {}),
    ...(refresh && operation !== 'refresh' ? { refresh } : {}),
    ...(expectNoChanges && operation !== 'destroy' ? { expectNoChanges } : {}),
    ...(targets.length > 0 ? { target: [...targets], targetDependents } : {}),
    ...(replace.length > 0 && isUpdate ? { replace: [...replace] } : {}),
    ...(parallel > 0 ? { parallel } : {}),
    ...(request.continueOnError && (operation === 'up' || operation === 'destroy') ? { continueOnError: true } : {}),
  };
}

/** What must never be seen: secret config and environment, what opens the state, and the token. */
function secretsOf(
  { config, backend, environment, secretEnvironment = [] }: RunRequest,
  { token }: Identity,
): string[] {
  return [
    ...config.filter(({ secret }) => secret).map(({ value }) => value),
    ...Object.values(backend.environment),
    ...secretEnvironment.flatMap((name) => environment[name] ?? []),
    token,
  ];
}

/** A backend in a folder shows at once whether the stack is there; of others, the command is asked. */
async function stackExists(url: string, project: string, pulumiStack: string): Promise<boolean | undefined> {
  if (!url.startsWith('file://')) return undefined;
  const folder = join(fileURLToPath(url), '.pulumi', 'stacks', project);
  const name = pulumiStack.split('/').at(-1) ?? '';
  const found = await readdir(folder).catch(() => []);
  return found.some((file) => file.startsWith(`${name}.json`) && !file.endsWith('.bak') && !file.endsWith('.attrs'));
}

function failed(result: Supervised, request: RunRequest, report: RunReport): unknown {
  const { stopped, code, said } = result;
  const cause = (message: string): RunFailed => new RunFailed(message, report);
  if (stopped instanceof Failure) return failure(stopped.reason, stopped.parts, { cause: cause(stopped.message) });
  // Whoever aborted knows why.
  if (stopped !== undefined) return stopped;
  const errors = report.diagnostics.filter(({ severity }) => severity === 'error');
  const { path, limits } = request;
  const { reason, parts } = causeOf({ code, said, errors }, { path, memoryMiB: limits.memoryMiB });
  return failure(reason, parts, { cause: cause(said) });
}
