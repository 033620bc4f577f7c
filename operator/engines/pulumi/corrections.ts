/** Drift of Pulumi stacks: what the watches found is put back by a run for these resources alone; the rest is looked for by refresh. */
import { parseDuration, type Stack } from '#api';
import { stackKey } from '#apply';
import type { Account, ObjectKey } from '#kube';
import { showValue } from '#plan';
import type { Failure } from '#runtime';
import type { DriftedField, Revision } from '#values';
import type { Correction, Corrections, EngineContext } from '../engine.ts';
import { enter } from './accounting.ts';
import type { Inputs } from './inputs.ts';
import { reservedMiB, type Ended, type OperationOptions, type OperationRequest } from './operation.ts';
import { namesOf, ownedIn } from './resources.ts';
import type { Run, Runs, RunsOptions } from './runs.ts';
import { outputStatus, runOf, type Result } from './result.ts';

/** Lends the revision that the stack has applied, whatever its source holds now. */
export type AppliedRevision = <R>(
  stack: Stack,
  signal: AbortSignal,
  use: (revision: Revision) => Promise<R>,
) => Promise<R>;

interface CorrectionsOptions extends OperationOptions, Pick<RunsOptions, 'clock'> {
  readonly runs: Runs<Result>;
  readonly inputsOf: (stack: Stack) => Inputs;
  readonly accountOf: (stack: Stack) => Account;
  readonly withApplied: AppliedRevision;
}

type Begun = Pick<Correction, 'keys' | 'fields'>;

export class RunCorrections implements Corrections {
  readonly #options: CorrectionsOptions;
  /** By stack: what the correction in hand is about. */
  readonly #begun = new Map<string, Begun>();
  /** By stack: what the last refresh found, which is told once. */
  readonly #told = new Map<string, string>();

  constructor(options: CorrectionsOptions) {
    this.#options = options;
  }

  begin(drift: Begun, context: EngineContext): Promise<void> {
    const { of: stack } = context;
    const wanted = new Set(drift.keys);
    this.#begun.set(stackKey(context.stack), drift);
    this.#run('correct', context, (revision) => ({
      ...this.#request(stack, revision),
      operation: 'up',
      refresh: true,
      heal: true,
      targets: (resources) => ownedIn(resources).flatMap(({ key, urn }) => (wanted.has(key) ? [urn] : [])),
    }));
    return Promise.resolve();
  }

  look(context: EngineContext): Promise<number | undefined> {
    const { of: stack } = context;
    const { pulumi, drift } = stack.spec;
    const { applied, refreshed } = stack.status ?? {};
    if (pulumi?.refresh !== 'onDriftSchedule' || applied === undefined || drift.mode === 'ignore')
      return Promise.resolve(undefined);
    const last = Math.max(Date.parse(refreshed ?? applied.time), Date.parse(applied.time));
    const leftMs = last + parseDuration(pulumi.refreshInterval) - this.#options.clock.now();
    if (leftMs > 0) return Promise.resolve(leftMs);
    // A preview finds the same and leaves the state as it is: what drifted stays known as drift.
    const operation = drift.mode === 'correct' ? 'up' : 'preview';
    this.#run('refresh', context, (revision) => ({
      ...this.#request(stack, revision),
      operation,
      refresh: true,
      heal: true,
    }));
    return Promise.resolve(undefined);
  }

  ended(context: EngineContext): Correction | undefined {
    const key = stackKey(context.stack);
    const run = this.#options.runs.of(key);
    if (run?.end === undefined || (run.purpose !== 'correct' && run.purpose !== 'refresh')) return undefined;
    const begun = this.#begun.get(key) ?? { keys: [], fields: [] };
    this.#begun.delete(key);
    const { ended, failed } = outcomeOf(run);
    const status = ended === undefined ? {} : outputStatus(ended);
    const { mode } = context.of.spec.drift;
    if (ended !== undefined && (run.purpose === 'correct' || mode === 'correct'))
      enter(ended, context, { records: false });
    this.#options.runs.take(key);
    const healed = failed === undefined && mode === 'correct';
    if (run.purpose === 'correct') return { ...begun, healed, failed, refreshed: false, status };
    return {
      keys: [],
      fields: this.#news(key, ended === undefined ? [] : fieldsOf(ended)),
      healed,
      failed,
      refreshed: true,
      status,
    };
  }

  forget(stack: string): void {
    this.#begun.delete(stack);
    this.#told.delete(stack);
  }

  #news(stack: string, fields: readonly DriftedField[]): readonly DriftedField[] {
    const text = JSON.stringify(fields);
    if (this.#told.get(stack) === text) return [];
    this.#told.set(stack, text);
    return fields;
  }

  #request(stack: Stack, revision: Revision): Omit<OperationRequest, 'operation'> {
    const { inputsOf, accountOf } = this.#options;
    return { stack, revision, inputs: inputsOf(stack), account: accountOf(stack) };
  }

  #run(
    purpose: 'correct' | 'refresh',
    context: EngineContext,
    request: (revision: Revision) => OperationRequest,
  ): void {
    const { runs, withApplied } = this.#options;
    const { of: stack } = context;
    runs.begin(stackKey(context.stack), {
      purpose,
      content: purpose,
      memoryMiB: reservedMiB(stack),
      work: (telling) =>
        withApplied(stack, telling.signal, (revision) =>
          runOf(this.#options, request(revision), { ...context, ...telling }),
        ),
    });
  }
}

function outcomeOf({ end }: Run<Result>): { readonly ended: Result | undefined; readonly failed: Failure | undefined } {
  if (end === undefined) return { ended: undefined, failed: undefined };
  return 'value' in end ? { ended: end.value, failed: end.value.failed } : { ended: undefined, failed: end.failed };
}

/** What a run changed, or would: what Git says beside what was found. */
function fieldsOf({ report, before, after }: Ended): DriftedField[] {
  const nameOf = namesOf(before, after);
  return report.steps.flatMap(({ urn, operation, fields }): DriftedField[] => {
    const object = nameOf(urn) as ObjectKey;
    const manager = 'unknown';
    if (operation === 'create') return [{ object, field: '', from: 'present', to: 'deleted', manager }];
    if (operation !== 'update' && operation !== 'replace') return [];
    return fields.map(({ path, from, to }) => ({
      object,
      field: path,
      from: showValue(to),
      to: showValue(from),
      manager,
    }));
  });
}
