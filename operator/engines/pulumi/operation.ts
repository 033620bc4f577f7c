/** One operation of the engine on one stack: takes the state, runs, and looks at what has become of the resources. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseDuration, type Stack } from '#api';
import type { Account } from '#kube';
import { asFailure, type Failure, type Metrics } from '#runtime';
import type { Revision } from '#values';
import { braked } from './braked.ts';
import type { Guard } from './guard.ts';
import type { Inputs } from './inputs.ts';
import { Journal } from './journal.ts';
import { Progress } from './progress.ts';
import { realResources } from './resources.ts';
import { lastWordsOf, reportOf } from './run/run-failed.ts';
import type { Telling } from './runs.ts';
import { urnParts } from './urn.ts';
import type {
  Operation,
  Runner,
  RunReport,
  RunRequest,
  StackName,
  StateOptions,
  StateResource,
  StateStore,
} from './values.ts';

export interface OperationOptions {
  readonly runner: Runner;
  readonly states: StateStore;
  readonly metrics: Metrics;
  /** For what a run needs that no commit holds. */
  readonly folder: string;
  /** Keeps the files of a revision on disk until disposed. */
  readonly hold: (revision: Revision) => Disposable;
}

export interface OperationRequest {
  readonly operation: Operation;
  readonly stack: Stack;
  /** Absent only for `destroy`, which goes by the state alone. */
  readonly revision: Revision | undefined;
  readonly inputs: Inputs;
  readonly account: Account;
  readonly refresh?: boolean;
  /** As of {@link RunRequest}. */
  readonly heal?: boolean;
  /** URNs, chosen when the state is known; none leaves nothing to do. */
  readonly targets?: (resources: readonly StateResource[]) => readonly string[];
  readonly planFile?: string;
  /** URNs of what stays in the world when the program does not name it any more. */
  readonly retain?: readonly string[];
  /** What holds back deletions. */
  readonly guard?: Guard | undefined;
  /** Called when the state is at hand, right before the engine is started. @throws Failure when it must not be */
  readonly prove?: (() => Promise<void>) | undefined;
}

/** What has become of the resources. */
export interface Ended {
  readonly report: RunReport;
  readonly before: readonly StateResource[];
  readonly after: readonly StateResource[];
  /** Why the engine did not come to its end. */
  readonly failed: Failure | undefined;
  /** There was nothing to do, and the engine was not started. */
  readonly isIdle?: boolean;
}

const graceMs = 20_000;
const nothing: RunReport = { steps: [], failedSteps: [], unchanged: 0, diagnostics: [], outputs: {}, durationMs: 0 };

/** @throws Failure when the engine could not be started; what it did itself is told in any case. */
export async function operate(
  options: OperationOptions,
  request: OperationRequest,
  { signal, tell, log }: Telling,
): Promise<Ended> {
  const { stack, revision } = request;
  using _held = revision === undefined ? undefined : options.hold(revision);
  await using session = await options.states.open(stackName(stack), stateOptions(request, signal));
  const before = await session.resources();
  const targets = request.targets?.(before) ?? stack.spec.pulumi?.targets ?? [];
  const idle = request.targets !== undefined ? targets.length === 0 : isGone(request, before);
  if (idle) return { report: nothing, before, after: before, failed: undefined, isIdle: true };
  await using home = revision === undefined ? await emptyProject(options.folder, stack, before) : undefined;
  const run = { ...runRequest(request, session.backend, targets), folder: home?.path ?? revision?.folder ?? '' };
  const once = (what: RunRequest, doing: string): Promise<RunReport> => {
    const progress = new Progress(before.length);
    const journal = new Journal({ log, metrics: options.metrics, isPreview: isLook(what) });
    const line = (): void => tell(`${doing}${progress.line()}`);
    line();
    return options.runner.run(what, {
      signal: AbortSignal.any([signal, session.signal]),
      onEvent: (event) => {
        progress.add(event);
        journal.add(event);
        line();
      },
    });
  };
  const go = (what: RunRequest, doing = ''): Promise<RunReport> =>
    once(what, doing).catch(async (error: unknown) => {
      if ((await session.freesDead?.(lastWordsOf(error))) !== true) throw error;
      return once(what, doing);
    });
  await request.prove?.();
  try {
    const report = await guarded(request, { before, run, go, now: () => session.resources() });
    return { report, before, after: await session.resources(), failed: undefined };
  } catch (error) {
    const report = reportOf(error);
    if (report === undefined) throw error;
    return { report, before, after: await session.resources(), failed: asFailure(error) };
  }
}

interface Going {
  readonly before: readonly StateResource[];
  readonly run: RunRequest;
  readonly go: (run: RunRequest, doing?: string) => Promise<RunReport>;
  readonly now: () => Promise<readonly StateResource[]>;
}

function guarded({ guard, retain = [] }: OperationRequest, { before, run, go, now }: Going): Promise<RunReport> {
  const up = (more: Pick<RunRequest, 'keeps' | 'retain'>): Promise<RunReport> => go({ ...run, retain, ...more });
  if (guard === undefined || realResources(before).length === 0) return up({});
  const look = (): Promise<RunReport> => go({ ...run, operation: 'preview' }, 'looks at what would be deleted: ');
  return braked(guard, { before, now, up, look });
}

/** Nothing is changed by it. */
const isLook = ({ operation }: RunRequest): boolean => operation === 'preview' || operation === 'refresh';

/** Nothing is left to destroy. */
const isGone = ({ operation }: OperationRequest, before: readonly StateResource[]): boolean =>
  operation === 'destroy' && before.length === 0;

export const stackName = ({ metadata }: Stack): StackName => ({
  namespace: metadata.namespace ?? '',
  name: metadata.name,
});

const pulumiStackOf = ({ spec, metadata }: Stack): string => spec.pulumi?.stack ?? metadata.name;

export function stateOptions(
  { stack, inputs }: Pick<OperationRequest, 'stack' | 'inputs'>,
  signal: AbortSignal,
): StateOptions {
  const { backend, secretsProvider, passphraseSecretRef: passphrase } = stack.spec.pulumi ?? {};
  return {
    backend,
    secretsProvider,
    passphrase,
    environment: inputs.environment,
    secretEnvironment: inputs.secretEnvironment,
    pulumiStack: pulumiStackOf(stack),
    project: stack.spec.pulumi?.project,
    uid: stack.metadata.uid,
    signal,
  };
}

function runRequest(
  { operation, stack, inputs, account, revision, planFile, ...asked }: OperationRequest,
  backend: RunRequest['backend'],
  targets: readonly string[],
): Omit<RunRequest, 'folder'> {
  const { spec } = stack;
  const isWhole = asked.targets === undefined;
  return {
    operation,
    stack: stackName(stack),
    pulumiStack: pulumiStackOf(stack),
    project: revision === undefined ? undefined : spec.pulumi?.project,
    path: revision === undefined ? '.' : spec.path,
    commit: revision?.commit ?? '',
    backend,
    config: inputs.config,
    environment: inputs.environment,
    secretEnvironment: inputs.secretEnvironment,
    account,
    ...(planFile === undefined ? {} : { planFile }),
    targets,
    ...howToRun({ operation, stack, isWhole, refresh: asked.refresh, heal: asked.heal ?? false }),
    heal: asked.heal ?? false,
    force: spec.force,
    // One that is not part of an update only looks.
    expectNoChanges: operation === 'refresh',
    limits: { timeoutMs: parseDuration(spec.timeout), graceMs, memoryMiB: memoryOf(stack) },
  };
}

interface Manner {
  readonly operation: Operation;
  readonly stack: Stack;
  /** Nobody chose some of the resources. */
  readonly isWhole: boolean;
  readonly refresh: boolean | undefined;
  /** Others have changed something, that is known. */
  readonly heal: boolean;
}

type How =
  | ('allowScripts' | 'refresh' | 'expectNoRefreshChanges')
  | ('targetDependents' | 'replace' | 'parallel' | 'continueOnError');

/** What the spec says of every run, as far as it is this one's to say. */
function howToRun({ operation, stack, isWhole, refresh, heal }: Manner): Pick<RunRequest, How> {
  const { allowScripts, parallel, continueOnError, ...pulumi } = { ...unsaid, ...stack.spec.pulumi };
  const isUpdate = operation !== 'destroy';
  const looks = refresh ?? (pulumi.refresh === 'beforeRun' && isUpdate);
  const expectNoRefreshChanges = looks && !heal && pulumi.expectNoRefreshChanges;
  return {
    allowScripts,
    // Where nothing may have changed, there is nothing to be taken in.
    refresh: looks && !expectNoRefreshChanges,
    expectNoRefreshChanges,
    targetDependents: isWhole && pulumi.targetDependents,
    replace: isWhole && isUpdate ? pulumi.replace : [],
    parallel,
    continueOnError,
  };
}

/** As the schema has it, of a stack that says nothing of Pulumi. */
const unsaid = {
  allowScripts: false,
  refresh: 'never',
  expectNoRefreshChanges: false,
  targetDependents: false,
  replace: [],
  parallel: 0,
  continueOnError: false,
  memoryMiB: 512,
} as const;

const memoryOf = ({ spec }: Stack): number => spec.pulumi?.memoryMiB ?? unsaid.memoryMiB;

/** Beside the program: the CLI, the language host, the provider and the process of the run; measured by `npm run run-memory`. */
export const engineMiB = 250;

/** What a run of the program may take in all. */
export const reservedMiB = (stack: Stack): number => memoryOf(stack) + engineMiB;

/** A project of the right name without a program: a source that is gone does not stop what it once made from going too. */
async function emptyProject(
  parent: string,
  stack: Stack,
  resources: readonly StateResource[],
): Promise<{ readonly path: string } & AsyncDisposable> {
  await mkdir(parent, { recursive: true, mode: 0o700 });
  const path = await mkdtemp(join(parent, 'project-'));
  const [first] = resources;
  const named = stack.spec.pulumi?.project ?? stack.metadata.name;
  const name = first === undefined ? named : urnParts(first.urn).project;
  await writeFile(join(path, 'Pulumi.yaml'), JSON.stringify({ name, runtime: 'nodejs' }));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}

/** Whether the engine left something that somebody would miss. */
export const leavesSomething = ({ after }: Ended): boolean => realResources(after).length > 0;
