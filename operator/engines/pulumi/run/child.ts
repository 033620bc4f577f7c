/**
 * The process of one run: loads Pulumi's Automation API, which starts the real engine, and tells the operator what happens.
 * It is started with the environment of the run and ends with it; nothing of the operator is in it.
 */
import {
  CommandError,
  LocalWorkspace,
  PulumiCommand,
  Stack,
  type EngineEvent,
  type OutputMap,
} from '@pulumi/pulumi/automation/index.js';
import { version } from '@pulumi/pulumi/version.js';
import { flushCompileCache } from 'node:module';
import { parse, type SemVer } from 'semver';
import { EngineEvents, withoutPlanned } from './engine-events.ts';
import { givenOut } from './given-out.ts';
import { masking } from './mask.ts';
import type { Unfinished } from './pending.ts';
import { endOwnSession } from './processes.ts';
import {
  doubted,
  identityOnly,
  repaired,
  tellOf,
  unfinishedIn,
  type Deployment,
  type Finding,
  type PendingOperation,
} from './repair.ts';
import type { FromChild, Job, ToChild } from './messages.ts';
import type { RunReport } from '../values.ts';

/** Of what the command itself printed; its last words say most. */
const saidLength = 4000;

const cancelling = new AbortController();

let findings = Promise.withResolvers<readonly Finding[]>();

/** What the operator finds in the cluster. */
function ask(unfinished: readonly Unfinished[], ofThisRun: boolean): Promise<readonly Finding[]> {
  findings = Promise.withResolvers();
  tell({ kind: 'unfinished', unfinished, ofThisRun });
  return findings.promise;
}

process.on('message', (message: ToChild) => {
  if (message.kind === 'cancel') cancelling.abort();
  else if (message.kind === 'findings') findings.resolve(message.findings);
  else void work(message.job);
});
// The operator has died, and nobody keeps the state any more: as if the machine had been switched off.
process.on('disconnect', endOwnSession);
// The terminal's Ctrl-C is for the operator, which tells us.
process.on('SIGINT', () => undefined);

async function work(job: Job): Promise<void> {
  const mask = masking(job.secrets);
  const events = new EngineEvents({
    onEvent: (event) => tell({ kind: 'event', event: mask(event) }),
    onFlood: () => tell({ kind: 'flood' }),
  });
  events.tellsCreations = job.operation === 'preview';
  const end = (code: number | undefined, said: string, outputs: RunReport['outputs'] = {}): void => {
    // What is secret among the outputs is marked so; the rest must not hold what the run knows to be secret.
    const told = Object.entries(outputs).map(
      ([name, output]) => [name, output.secret ? output : mask(output)] as const,
    );
    const { unchanged } = events;
    tell({ kind: 'ended', result: { code, said: mask(said), unchanged, outputs: Object.fromEntries(told) } });
  };
  try {
    const stack = await openStack(job);
    await repair(stack, job);
    await retain(stack, job.retain);
    if (job.expectNoRefreshChanges) await compare(stack, job);
    const operating = operate(stack, job, (event) => events.add(event));
    // This process is killed at its end; until the engine speaks there is time to keep what was compiled for later runs.
    flushCompileCache();
    await operating.catch(async (error: unknown) => {
      await settleLosses(stack, job, events);
      throw error;
    });
    const ask = (): Promise<OutputMap> => stack.workspace.stackOutputs(stack.name);
    const { sealing } = job;
    end(0, '', job.operation === 'up' ? await givenOut({ shown: events.outputs, sealing, ask }) : {});
  } catch (error) {
    const { code, said } = whyOf(error);
    end(code, withoutPlanned(said));
  }
}

const tell = (message: FromChild): void => void process.send?.(message);

/** With as few starts of the command as can be: each costs what a small update costs. */
async function openStack(job: Job): Promise<Stack> {
  // Only its constructor would not ask the command for its version, which is known to be ours.
  const Command = PulumiCommand as unknown as new (command: string, version: SemVer | null) => PulumiCommand;
  const pulumiCommand = new Command('pulumi', parse(version));
  const { workFolder: workDir, secretsProvider, pulumiStack: name } = job;
  const workspace = await LocalWorkspace.create({ workDir, secretsProvider, pulumiCommand });
  if (job.exists === true) workspace.selectStack = () => Promise.resolve();
  const stack = await (job.exists === false ? Stack.create(name, workspace) : Stack.createOrSelect(name, workspace));
  for (const { key, value, path = false } of job.secretConfig) {
    await stack.setConfig(key, { value, secret: true }, path);
  }
  workspace.serializeArgsForOp = () => Promise.resolve([...job.flags]);
  // An update would look up both by itself; outputs are in the events, the summary is of no use here.
  stack.outputs = () => Promise.resolve({});
  stack.info = () => Promise.resolve(undefined);
  return stack;
}

/** What an earlier run left half done is put in order before anything else; a preview changes nothing, not even the state. */
async function repair(stack: Stack, job: Job): Promise<void> {
  if (job.exists === false || job.pending === false || job.operation === 'preview') return;
  const exported = await stack.exportStack();
  const deployment = exported.deployment as Deployment;
  const { pending_operations: pending = [], resources = [] } = deployment;
  const unfinished = unfinishedIn(deployment);
  if (pending.length === 0 && unfinished.length === 0) return;
  const found = await ask(unfinished, false);
  const { deployment: repairedDeployment, stale } = repaired(deployment, found);
  if (pending.length === 0 && stale.length === 0) return;
  await stack.importStack({ ...exported, deployment: repairedDeployment });
  const replacing = resources
    .filter(({ urn }) => stale.includes(urn) && !pending.some(({ resource }) => resource.urn === urn))
    .map((resource): PendingOperation => ({ type: 'creating', resource }));
  for (const operation of [...pending, ...replacing]) {
    const diagnostic = { severity: 'warning', urn: operation.resource.urn, message: tellOf(operation, found) } as const;
    tell({ kind: 'event', event: { kind: 'diagnostic', diagnostic } });
  }
}

/** What is to stay is marked so in the state: the engine then lets go of it where it would delete it. */
async function retain(stack: Stack, urns: readonly string[]): Promise<void> {
  if (urns.length === 0) return;
  const exported = await stack.exportStack();
  const { resources = [], ...rest } = exported.deployment as Deployment;
  const marked = resources.map((one) => (urns.includes(one.urn) ? { ...one, retainOnDelete: true } : one));
  await stack.importStack({ ...exported, deployment: { ...rest, resources: marked } });
}

/** Nothing is taken into the state: what was found is found again, until somebody has looked at it. */
async function compare(stack: Stack, { configFile }: Job): Promise<void> {
  const found = new Map<string, string>();
  const onEvent = ({ resOutputsEvent }: EngineEvent): void => {
    const { op = 'same', urn = '', detailedDiff } = resOutputsEvent?.metadata ?? {};
    if (op !== 'same' && op !== 'refresh') found.set(urn, Object.keys(detailedDiff ?? {}).join(', '));
  };
  const options = { ...quiet, configFile, onEvent, signal: cancelling.signal, expectNoChanges: true };
  await stack.previewRefresh(options).catch((error: unknown) => {
    for (const [urn, paths] of found) {
      const message = `it is not as the state says${paths === '' ? '' : `: ${paths}`}`;
      tell({ kind: 'event', event: { kind: 'diagnostic', diagnostic: { severity: 'error', urn, message } } });
    }
    throw error;
  });
}

/**
 * A provider that was killed may have done what the engine takes for not done. What it made and has a name of Pulumi's
 * choice, or one that no later program uses, would be forgotten: it is taken away again. What it changed or deleted is
 * looked at again by the next update.
 */
async function settleLosses(stack: Stack, job: Job, { lostProvider, notMade, notDone }: EngineEvents): Promise<void> {
  if (!lostProvider || (job.operation !== 'up' && job.operation !== 'destroy')) return;
  if (notMade.length === 0 && notDone.length === 0) return;
  const exported = await stack.exportStack();
  const deployment = exported.deployment as Deployment;
  const ids = (deployment.resources ?? []).flatMap(({ id }) => id ?? []);
  const unfinished = notMade.map(({ urn, inputs }) => ({ urn, inputs: identityOnly(inputs), ids }));
  await ask(unfinished, true);
  if (notDone.length > 0) await stack.importStack({ ...exported, deployment: doubted(deployment, notDone) });
}

const quiet = { color: 'never', suppressProgress: true, suppressOutputs: true } as const;

async function operate(stack: Stack, job: Job, onEvent: (event: EngineEvent) => void): Promise<void> {
  const { options: chosen, configFile } = job;
  const options = { ...chosen, ...quiet, configFile, onEvent, signal: cancelling.signal };
  switch (job.operation) {
    case 'preview':
      await stack.preview(options);
      return;
    case 'up':
      await stack.up(options);
      return;
    case 'refresh':
      // What is not expected is not taken in.
      await (chosen.expectNoChanges === true ? stack.previewRefresh(options) : stack.refresh(options));
      return;
    case 'destroy':
      await stack.destroy(options);
      return;
  }
}

interface Why {
  readonly code: number | undefined;
  readonly said: string;
}

/** What the command ended with; the Automation API keeps the process's error where its types do not show it. */
function whyOf(error: unknown): Why {
  if (!(error instanceof CommandError)) {
    return { code: undefined, said: error instanceof Error ? (error.stack ?? error.message) : String(error) };
  }
  const { commandResult } = error as unknown as { readonly commandResult: CommandResult };
  const { exitCode, stderr = '', signal } = commandResult.err ?? {};
  if (signal !== undefined) return { code: undefined, said: '' };
  return { code: exitCode, said: (stderr || commandResult.stderr).slice(-saidLength) };
}

interface CommandResult {
  readonly stderr: string;
  readonly err?: { readonly exitCode?: number; readonly stderr?: string; readonly signal?: string };
}
