/** One run of the Pulumi engine after another: makes the folder, lends the identity, starts the process, watches over it, cleans up. */
import { delimiter, join } from 'node:path';
import type { ClusterConfig, Discovery, Transport } from '#kube';
import { Failure, failure, hasNoRoom, mapBounded, programPath, type Clock } from '#runtime';
import type { Dependencies, Modules } from '../dependencies/dependencies.ts';
import { passwordsIn } from '../state/backend-url.ts';
import type { Runner, RunReport, RunRequest } from '../values.ts';
import { lendIdentity, type Identity } from './account-token.ts';
import { causeOf, orDiskFull, runDiskFull, tellsDiskFull } from './causes.ts';
import { nodeArguments } from './confinement.ts';
import { environmentOf, type Programs } from './environment.ts';
import type { Job, JobOptions } from './messages.ts';
import { lookFor, type Looking, type Unfinished } from './pending.ts';
import { readProject, readStackFile, runtimeOptions, writeProject, type Project } from './project.ts';
import type { Finding } from './repair.ts';
import { Plugins } from './plugins.ts';
import type { Crypter } from './passphrase.ts';
import { RunFailed } from './run-failed.ts';
import { clearScratch, makeScratch, writePrivate, type Scratch } from './scratch.ts';
import { beginStack, standingOf, stateFileOf, type Standing } from './standing.ts';
import { readPlanFile } from './plan-file.ts';
import { passphraseVariable, stackConfig } from './stack-config.ts';
import { supervise, type Supervised } from './supervision.ts';

export interface RunnerOptions {
  /** For the folders of runs, plugins and the cache of dependencies. */
  readonly folder: string;
  readonly transport: Transport;
  readonly discovery: Discovery;
  readonly cluster: ClusterConfig;
  readonly clock: Clock;
  readonly programs: Programs;
  readonly dependencies: Dependencies;
}

type RunOptions = Parameters<Runner['run']>[1];

export function createRunner(options: RunnerOptions): Runner {
  const plugins = new Plugins(join(options.folder, 'plugins'));
  const { path, environment } = options.programs;
  // Shared by all runs for what is ours; a program cannot write there, so Node compiles its packages anew.
  const programs = { path, environment: { ...environment, NODE_COMPILE_CACHE: join(options.folder, 'compiled') } };
  let cleared: Promise<void> | undefined;
  return {
    run: async (request, runOptions) => {
      // Of runs that died with an earlier operator: there are tokens in them.
      await (cleared ??= clearScratch(join(options.folder, 'runs')));
      return run({ ...options, programs, plugins }, request, runOptions).catch((error: unknown) => {
        throw orDiskFull(error, request.path);
      });
    },
  };
}

interface Running extends RunnerOptions {
  readonly plugins: Plugins;
}

async function run(options: Running, request: RunRequest, runOptions: RunOptions): Promise<RunReport> {
  const { signal } = runOptions;
  const { clock, folder } = options;
  const started = clock.now();
  signal.throwIfAborted();
  assertPulumi(options.programs);
  const where = { folder: join(request.folder, request.path), path: request.path };
  const project = await readProject(where, request);
  const standing = await standingOf(request.backend.url, project.name, request.pulumiStack);
  await options.plugins.place(standing.providers);
  const plugins = options.plugins.folder;
  await using scratch = await makeScratch({ folder: join(folder, 'runs'), source: request.folder, plugins });
  const [identity, modules] = await Promise.all([
    lendIdentity({ ...options, account: request.account, ms: lifetimeMs(request), signal }),
    options.dependencies.provide({ path: request.path, allowScripts: request.allowScripts ?? false }, scratch.tree, {
      signal,
    }),
  ]);
  await using _inUse = modules;
  const { job, crypter } = await prepare(request, { project, standing, scratch, identity, modules });
  const result = await supervise(job, {
    ...request.limits,
    clock,
    signal,
    onEvent: (event) => runOptions.onEvent(event),
    cwd: scratch.folder,
    mark: scratch.id,
    look: async (unfinished, ofThisRun) => {
      const { account: as, stack } = request;
      if (!ofThisRun) return lookForAll(unfinished, { ...options, as, stack, signal });
      const looking = { ...options, as, stack, takesBackSince: started, signal };
      await lookForAll(unfinished, looking);
      await clock.sleep(onTheirWayMs, { signal });
      return lookForAll(unfinished, looking);
    },
    env: environmentOf(request, options.programs, scratch),
    path: request.path,
  });
  const report = { ...result.report, durationMs: clock.now() - started };
  if (result.code === 0 && result.stopped === undefined) {
    const passphrase = request.backend.environment[passphraseVariable];
    if (job.operation !== 'preview' || job.options.plan === undefined) return report;
    return { ...report, plan: await readPlanFile(job.options.plan, { crypter, passphrase }) };
  }
  throw await failed(result, { request, report, folder: scratch.folder });
}

function assertPulumi({ path }: Programs): void {
  if (programPath('pulumi', path.join(delimiter)) !== undefined) return;
  throw failure('ToolUnavailable', {
    what: 'the operator has no pulumi on its PATH, so no program can be run',
    remedy: 'run the operator from an image that has it, as that of the Dockerfile has (docs/install.md)',
  });
}

const lookForAll = (unfinished: readonly Unfinished[], looking: Looking): Promise<Finding[]> =>
  mapBounded(unfinished, looksAtOnce, (one) => lookFor(one, looking));

const looksAtOnce = 8;

/** The API server may still be storing what the provider sent last: only a second look sees that. */
const onTheirWayMs = 1000;

/** The token outlives the run, also one that is slow to stop. */
const lifetimeMs = ({ limits }: RunRequest): number => limits.timeoutMs + limits.graceMs;

interface Parts {
  readonly project: Project;
  readonly standing: Standing;
  readonly scratch: Scratch;
  readonly identity: Identity;
  readonly modules: Modules;
}

interface Prepared {
  readonly job: Job;
  /** Opens what the engine seals in this run; undefined where the key is in a key service. */
  readonly crypter: Crypter | undefined;
}

/** Writes what the run reads, and says what is to be done. */
async function prepare(
  request: RunRequest,
  { project, standing, scratch, identity, modules }: Parts,
): Promise<Prepared> {
  const { backend, pulumiStack, stack, path, config, keeps } = request;
  const workFolder = join(scratch.tree, path);
  const passphrase = backend.environment[passphraseVariable];
  const file = await readStackFile(project, { folder: workFolder, path }, pulumiStack.split('/').at(-1) ?? '');
  const name = `${stack.namespace}/${stack.name}`;
  const {
    file: written,
    left,
    crypter,
  } = await stackConfig(file, { project: project.name, stack: name, backend, config });
  const nodeargs = nodeArguments(runtimeOptions(project).nodeargs, {
    reads: [
      ...[scratch.tree, scratch.home, scratch.temporary, scratch.kubeconfig],
      ...(keeps === undefined ? [] : [scratch.keeps]),
      ...modules.reads,
    ],
    writes: [scratch.temporary],
    memoryMiB: request.limits.memoryMiB,
  });
  const [exists] = await Promise.all([
    standing.exists === false ? beginStack(backend.url, project.name, pulumiStack) : standing.exists,
    writeProject(project, workFolder, nodeargs),
    writePrivate(scratch.config, JSON.stringify(written)),
    writePrivate(scratch.kubeconfig, identity.kubeconfig),
    ...(keeps === undefined ? [] : [writePrivate(scratch.keeps, JSON.stringify(keeps))]),
    ...(passphrase === undefined ? [] : [writePrivate(scratch.passphrase, passphrase)]),
  ]);
  const stateFile = stateFileOf(backend.url, project.name, pulumiStack);
  const job: Job = {
    operation: request.operation,
    workFolder,
    pulumiStack,
    exists,
    pending: standing.pending,
    secretsProvider: backend.secretsProvider,
    configFile: scratch.config,
    secretConfig: left,
    sealing: stateFile === undefined || crypter === undefined ? undefined : { stateFile, key: crypter.key },
    retain: request.retain ?? [],
    expectNoRefreshChanges: request.expectNoRefreshChanges ?? false,
    options: {
      ...(request.operation === 'preview' ? { plan: join(scratch.folder, 'plan.json') } : {}),
      ...optionsOf(request),
    },
    flags: [],
    secrets: secretsOf(request, identity),
  };
  return { job, crypter };
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
    ...passwordsIn(backend.url),
    ...secretEnvironment.flatMap((name) => environment[name] ?? []),
    token,
  ];
}

interface Failed {
  readonly request: RunRequest;
  readonly report: RunReport;
  /** Of the run. */
  readonly folder: string;
}

async function failed(result: Supervised, { request, report, folder }: Failed): Promise<unknown> {
  const { stopped, code, said } = result;
  const cause = (message: string): RunFailed => new RunFailed(message, report);
  const { path, limits } = request;
  const errors = report.diagnostics.filter(({ severity }) => severity === 'error');
  if (stopped instanceof Failure) {
    // The engine waits for room, often without a word, and more time would not make any.
    const full = stopped.reason === 'TimedOut' && (tellsDiskFull({ said, errors }) || (await hasNoRoom(folder)));
    const { reason, parts } = full ? runDiskFull({ path }) : stopped;
    return failure(reason, parts, { cause: cause(stopped.message) });
  }
  // Whoever aborted knows why.
  if (stopped !== undefined) return stopped;
  const { reason, parts } = causeOf({ code, said, errors }, { path, memoryMiB: limits.memoryMiB });
  return failure(reason, parts, { cause: cause(said) });
}
