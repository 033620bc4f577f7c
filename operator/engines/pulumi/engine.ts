/** The engine of Pulumi programs (`spec.engine: pulumi`): every run is background work, which the way comes back to look at. */
import { annotations, type Stack } from '#api';
import { stackKey, type ApplyReport, type PruneReport } from '#apply';
import { digestOf, type Account, type ObjectKey } from '#kube';
import { asFailure, failure, type Failure } from '#runtime';
import type { Plan, Rendered, RenderedObject, Revision } from '#values';
import type { Engine, EngineContext, PlanRequest, RenderRequest } from '../engine.ts';
import type { ProposeContext, Proposing } from '../propose.ts';
import { enter, failedObjects, sentObjects } from './accounting.ts';
import { RunCorrections, type AppliedRevision } from './corrections.ts';
import { confirmationOf, guardOf } from './guard.ts';
import { gatherInputs, inputObjects, type Inputs, type InputSources } from './inputs.ts';
import {
  engineMiB,
  leavesSomething,
  operate,
  reservedMiB,
  stackName,
  stateOptions,
  type Ended,
  type OperationOptions,
} from './operation.ts';
import { Previews } from './previews.ts';
import { contentOf, treeOf } from './reads.ts';
import { recall } from './recall.ts';
import { ownedIn, realResources } from './resources.ts';
import { outputStatus, runOf, type Result } from './result.ts';
import { Runs, type Purpose, type Run, type RunsOptions } from './runs.ts';

export interface PulumiEngineOptions extends OperationOptions, RunsOptions {
  /** Secrets and ConfigMaps by name, watched with the rights of an account. */
  readonly named: {
    observe(request: {
      readonly stack: string;
      readonly as: Account;
      readonly keys: readonly ObjectKey[];
    }): Promise<unknown>;
    read(as: Account, key: ObjectKey): ReturnType<InputSources['object']>;
    forget(stack: string): Promise<void>;
  };
  readonly stackOf: InputSources['stack'];
  readonly accountOf: (stack: Stack) => Account;
  readonly withApplied: AppliedRevision;
  /** Whether the source has a revision at all; if not, the stack is woken when it has. */
  readonly hasRevision: (stack: Stack) => boolean;
}

const done: PruneReport = { objects: [], failures: [], remaining: [] };

export class PulumiEngine implements Engine {
  readonly name = 'pulumi';
  readonly corrections: RunCorrections;
  readonly #options: PulumiEngineOptions;
  readonly #runs: Runs<Result>;
  readonly #inputs = new Map<string, Inputs>();
  readonly #previews: Previews;
  /** Stacks whose inventory is as the state was left by their last run, whatever became of it. */
  readonly #entered = new Set<string>();

  constructor(options: PulumiEngineOptions) {
    this.#options = options;
    this.#runs = new Runs(options);
    const parts = { ...options, runs: this.#runs, inputsOf: (stack: Stack) => this.#given(stack) };
    this.corrections = new RunCorrections({ ...parts, inputsOf: (stack) => this.#known(stack) });
    this.#previews = new Previews(parts);
  }

  treeOf(stack: Stack, revision: Revision): string | undefined {
    return treeOf(stack, revision);
  }

  async inputsOf(stack: Stack): Promise<string> {
    const { named, stackOf, accountOf } = this.#options;
    const key = keyOf(stack);
    const as = accountOf(stack);
    await named.observe({ stack: key, as, keys: inputObjects(stack, stackOf) });
    const inputs = gatherInputs(stack, { object: (object) => named.read(as, object), stack: stackOf });
    this.#inputs.set(key, inputs);
    return inputs.digest;
  }

  /** Only a run knows what a program makes. */
  render({ stack, revision }: RenderRequest): Promise<Rendered> {
    if (treeOf(stack, revision) !== undefined)
      return Promise.resolve({ objects: [], digest: this.#contentOf(stack, revision) });
    return Promise.reject(
      failure('PathNotFound', {
        where: 'spec.path',
        what: `${stack.spec.path} is not in ${revision.name}`,
        remedy: 'correct spec.path, or commit the folder',
      }),
    );
  }

  plan({ rendered, standing }: PlanRequest): Plan {
    return { waves: [], prunes: [], changes: rendered.digest === standing ? 0 : 1 };
  }

  async propose(_plan: Plan, { of: stack, revision, apply, final }: ProposeContext): Promise<Proposing> {
    const key = keyOf(stack);
    const content = this.#contentOf(stack, revision);
    const run = this.#runs.of(key);
    if (run !== undefined) {
      if (run.end === undefined) return finding(this.#waitFor(run, 'preview', content, key));
      const failed = isOf(run, content, 'preview') ? this.#failureOf(run) : undefined;
      if (failed !== undefined) this.#setBack(stack, run, failed);
      this.#close(run, apply);
    }
    const changes = await this.#previews.changes(content, final, apply);
    if (changes !== undefined) return { done: true, changes, findings: new Map() };
    this.#assertMayTry(stack, content);
    await this.#previews.begin({ content, attempt: this.#attemptOf(stack, content) }, { ...apply, revision });
    return finding('starting');
  }

  hasBegun(stack: Stack, { digest }: Rendered): boolean {
    return isOf(this.#runs.of(keyOf(stack)), digest);
  }

  isBusy(stack: Stack, inventory: EngineContext['inventory']): boolean {
    const key = keyOf(stack);
    const run = this.#runs.of(key);
    // What a preview has found out is kept elsewhere, and it has changed nothing.
    const isInHand = run !== undefined && (run.purpose !== 'preview' || run.end === undefined);
    return isInHand || (inventory.runOf(key) !== undefined && !this.#entered.has(key));
  }

  async apply({ changes }: Plan, context: EngineContext): Promise<ApplyReport> {
    if (changes === 0) return { ...nothing(), result: { done: true }, isIdle: true };
    const { of: stack, revision } = context;
    if (revision === undefined) throw failure('SourceNotReady', { what: 'there is no revision to run' });
    const key = keyOf(stack);
    const content = this.#contentOf(stack, revision);
    const run = this.#runs.of(key);
    if (run !== undefined && isOf(run, content)) {
      return run.end === undefined ? going(run.line) : this.#tell(run, context);
    }
    if (run !== undefined && !this.#close(run, context)) return going(this.#waitFor(run, 'apply', content, key));
    this.#assertMayTry(stack, content);
    if (context.held !== undefined) await this.#assertAccepted(content, context);
    await this.#begin(content, { ...context, revision });
    return going(this.#runs.of(key)?.line ?? 'starting');
  }

  /**
   * The newest commit wins, over what is being put back, too: that may wait for what only this commit makes right. A
   * preview lets it come to its end.
   */
  #waitFor(run: Run<Result>, purpose: Purpose, content: string, key: string): string {
    if (run.purpose === purpose && run.content === content && !run.cancelled) return run.line;
    if (purpose !== 'preview' || (run.purpose !== 'correct' && run.purpose !== 'refresh'))
      this.#runs.cancel(key, failure('Superseded', { what: 'newer content takes the place of this run' }));
    return `waits for the end of the run before: ${run.line}`;
  }

  async recall({ stack, signal }: Omit<RenderRequest, 'revision'>): Promise<RenderedObject[]> {
    return recall({ stack, inputs: await this.#known(stack), signal }, this.#options.states);
  }

  prune(): Promise<PruneReport> {
    return Promise.resolve(done);
  }

  owned({ of: stack, inventory }: EngineContext): Promise<readonly string[]> {
    const key = keyOf(stack);
    const ran = stack.status?.applied !== undefined || inventory.runOf(key) !== undefined;
    const keys = [...inventory.of(key).keys()];
    return Promise.resolve(keys.length > 0 || !ran ? keys : [`what the state of ${key} holds`]);
  }

  async left({ of: stack, inventory }: EngineContext): Promise<readonly string[]> {
    const known = await this.#options.states.onDisk(stackName(stack));
    const owned = ownedIn(known);
    // Somebody may have deleted the inventory.
    const keys = new Set([...inventory.of(keyOf(stack)).keys(), ...owned.map(({ key }) => key)]);
    // What no inventory has: cloud resources, and what the official provider made.
    const entered = new Set(owned.map(({ urn }) => urn));
    return [...keys, ...realResources(known).flatMap(({ urn, id }) => (entered.has(urn) ? [] : [`${urn} (${id})`]))];
  }

  async destroy(context: EngineContext): Promise<PruneReport> {
    const { of: stack, inventory } = context;
    const key = keyOf(stack);
    const remaining = (await this.owned(context)) as ObjectKey[];
    const run = this.#runs.of(key);
    if (run?.purpose === 'destroy' && run.end !== undefined) return this.#destroyed(run, context);
    if (run !== undefined && !this.#close(run, context)) {
      if (run.purpose !== 'destroy')
        this.#runs.cancel(key, failure('Superseded', { what: 'the stack is being deleted' }));
      return { ...done, remaining, line: run.line };
    }
    const setback = this.#runs.setbackOf(key, 'destroy');
    if (setback !== undefined) throw setback;
    inventory.noteRun(key, 'destroy');
    await inventory.flush(context.stack, context.signal);
    const inputs = await this.#known(stack);
    const account = this.#options.accountOf(stack);
    this.#runs.begin(key, {
      purpose: 'destroy',
      content: 'destroy',
      memoryMiB: engineMiB,
      work: async (telling) => {
        const request = { operation: 'destroy', stack, revision: undefined, inputs, account } as const;
        const ended = await operate(this.#options, request, telling);
        if (ended.failed === undefined && !leavesSomething(ended))
          await this.#options.states.remove(stackName(stack), stateOptions({ stack, inputs }, telling.signal));
        return ended;
      },
    });
    return { ...done, remaining };
  }

  rest(stack: Stack, why: string): string | undefined {
    const key = keyOf(stack);
    const run = this.#runs.of(key);
    if (run === undefined || run.end !== undefined) return undefined;
    this.#runs.cancel(key, failure('Superseded', { what: why }));
    return run.line;
  }

  async forget(stack: Stack): Promise<void> {
    const key = keyOf(stack);
    this.#inputs.delete(key);
    this.#entered.delete(key);
    await this.#previews.drop(key);
    this.#runs.forgive(key);
    this.#runs.take(key);
    this.corrections.forget(key);
    await this.#options.named.forget(key);
  }

  stop(): Promise<void> {
    return this.#runs.stop();
  }

  #contentOf(stack: Stack, revision: Revision): string {
    return contentOf(stack, revision, this.#given(stack).digest);
  }

  #given(stack: Stack): Inputs {
    const inputs = this.#inputs.get(keyOf(stack));
    if (inputs !== undefined) return inputs;
    throw failure('Internal', { what: `nobody has asked what ${keyOf(stack)} is given` });
  }

  /** What can still be had: a missing Secret does not stop a stack from going. */
  async #known(stack: Stack): Promise<Inputs> {
    await this.inputsOf(stack);
    return this.#given(stack);
  }

  /** @throws Failure what is missing, or what failed last, while it is too early to try that again */
  #assertMayTry(stack: Stack, content: string): void {
    const key = keyOf(stack);
    const { missing } = this.#given(stack);
    if (missing !== undefined) throw missing;
    const asked = stack.metadata.annotations?.[annotations.reconcile];
    if (asked !== undefined && asked !== stack.status?.lastHandledReconcileAt) this.#runs.forgive(key);
    const setback = this.#runs.setbackOf(key, this.#attemptOf(stack, content));
    if (setback !== undefined) throw setback;
    this.#options.admission.assertFits(reservedMiB(stack));
  }

  /** As {@link Previews.assertAccepted}; what was refused is not asked for again at once. */
  async #assertAccepted(content: string, context: EngineContext): Promise<void> {
    try {
      await this.#previews.assertAccepted(content, context);
    } catch (error) {
      const { of: stack } = context;
      this.#runs.setBack(keyOf(stack), this.#attemptOf(stack, content), asFailure(error));
      throw error;
    }
  }

  /** Who confirms a deletion, or changes anything in the spec, wants another try of what failed. */
  #attemptOf(stack: Stack, content: string): string {
    return digestOf([content, stack.metadata.generation, confirmationOf(stack)]);
  }

  #setBack(stack: Stack, { content, attempt = content }: Run<Result>, failed: Failure): void {
    this.#runs.setBack(keyOf(stack), attempt, this.#patient(stack, failed));
  }

  /** The inventory says so first: an operator that dies from here on finds that the work was not told of. */
  async #begin(content: string, context: EngineContext & { readonly revision: Revision }): Promise<void> {
    const { of: stack, revision, inventory, held } = context;
    const key = keyOf(stack);
    const holding = held === undefined ? undefined : this.#previews.hold(content, context);
    const guard = holding === undefined ? guardOf(stack) : undefined;
    inventory.noteRun(key, content);
    await inventory.flush(context.stack, context.signal);
    const inputs = this.#given(stack);
    const account = this.#options.accountOf(stack);
    this.#runs.begin(key, {
      purpose: 'apply',
      content,
      attempt: this.#attemptOf(stack, content),
      memoryMiB: reservedMiB(stack),
      work: (telling) => {
        const request = { operation: 'up', stack, revision, inputs, account, guard, ...holding } as const;
        return runOf(this.#options, request, { ...context, ...telling });
      },
    });
  }

  /** What a run came to, as the way tells it. */
  async #tell(run: Run<Result>, context: EngineContext): Promise<ApplyReport> {
    const { of: stack, inventory } = context;
    const key = keyOf(stack);
    const failed = this.#failureOf(run);
    if (failed !== undefined) this.#setBack(stack, run, failed);
    // The state is another one now.
    await this.#previews.drop(key);
    const ended = valueOf(run);
    const objects = ended === undefined ? [] : this.#enter(ended, context);
    this.#runs.take(key);
    const report = {
      objects,
      failures: ended === undefined ? [] : failedObjects(ended),
      unknownKinds: new Set<string>(),
    };
    if (failed !== undefined) return { ...report, result: { done: true }, failed };
    inventory.noteRun(key, undefined);
    this.#runs.forgive(key);
    if (ended === undefined) return { ...report, result: { done: true } };
    return { ...report, result: { done: true }, status: outputStatus(ended), sent: sentObjects(ended.after, stack) };
  }

  #enter(ended: Ended, context: EngineContext): ApplyReport['objects'] {
    this.#entered.add(keyOf(context.of));
    return enter(ended, context);
  }

  /** Takes in what a run did that nobody asks for any more; false while it goes on. */
  #close(run: Run<Result>, context: EngineContext): boolean {
    if (run.end === undefined) return false;
    const ended = valueOf(run);
    // A preview did nothing of what it tells.
    if (ended !== undefined && run.purpose !== 'preview') this.#enter(ended, context);
    this.#runs.take(keyOf(context.of));
    return true;
  }

  #destroyed(run: Run<Result>, context: EngineContext): PruneReport {
    const { of: stack, inventory } = context;
    const key = keyOf(stack);
    const failed = this.#failureOf(run);
    const ended = valueOf(run);
    if (ended !== undefined) this.#enter(ended, context);
    this.#runs.take(key);
    if (failed === undefined) {
      inventory.noteRun(key, undefined);
      return done;
    }
    this.#runs.setBack(key, 'destroy', failed);
    const failures = ended === undefined ? [] : failedObjects(ended);
    const whole = { key, reason: failed.reason, message: failed.message };
    return { ...done, failures: failures.length > 0 ? failures : [whole] };
  }

  #failureOf({ end }: Run<Result>): Failure | undefined {
    if (end === undefined) return undefined;
    return 'value' in end ? end.value.failed : end.failed;
  }

  /** With retryOnConflict: false, a lock that somebody holds is for people to look at. */
  #patient({ spec }: Stack, failed: Failure): Failure {
    if (failed.reason !== 'StateLocked' || spec.pulumi?.retryOnConflict !== false) return failed;
    return Object.assign(Object.create(failed) as Failure, { retry: 'on-change' });
  }
}

/** Whether a run answers what is asked now. */
const isOf = (run: Run<Result> | undefined, content: string, purpose: Purpose = 'apply'): boolean =>
  run?.purpose === purpose && run.content === content && !run.cancelled;

const valueOf = ({ end }: Run<Result>): Result | undefined =>
  end !== undefined && 'value' in end ? end.value : undefined;

const finding = (line: string): Proposing => ({
  done: false,
  reason: 'Progressing',
  message: `finds out what would change: ${line}`,
});

const nothing = (): Pick<ApplyReport, 'objects' | 'failures' | 'unknownKinds'> => ({
  objects: [],
  failures: [],
  unknownKinds: new Set(),
});

const going = (line: string): ApplyReport => ({
  ...nothing(),
  result: { done: false, reason: 'Progressing', message: line },
});

const keyOf = (stack: Stack): string => stackKey({ ...stackName(stack), uid: '' });
