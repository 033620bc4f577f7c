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
  readonly inputsOf: (stack: Stack) => Promise<Inputs>;
  readonly accountOf: (stack: Stack) => Account;
  readonly withApplied: AppliedRevision;
  /** Whether the source has a revision at all; if not, the stack is woken when it has. */
  readonly hasRevision: (stack: Stack) => boolean;
}

/** What puts things back. */
const update = { operation: 'up', refresh: true, heal: true } as const;

type Begun = Pick<Correction, 'keys' | 'fields'>;

export class RunCorrections implements Corrections {
  readonly #options: CorrectionsOptions;
  /** By stack: what the correction in hand is about. */
  readonly #begun = new Map<string, Begun>();
  /** By stack: when the last refresh ended, which the status may not tell yet. */
  readonly #refreshedMs = new Map<string, number>();

  constructor(options: CorrectionsOptions) {
    this.#options = options;
  }

  begin(drift: Begun, context: EngineContext): Promise<void> {
    const wanted = new Set(drift.keys);
    this.#begun.set(stackKey(context.stack), drift);
    this.#run('correct', context, {
      ...update,
      targets: (resources) => ownedIn(resources).flatMap(({ key, urn }) => (wanted.has(key) ? [urn] : [])),
    });
    return Promise.resolve();
  }

  look(context: EngineContext): Promise<number | undefined> {
    const { of: stack } = context;
    const { pulumi, drift } = stack.spec;
    const { applied, refreshed } = stack.status ?? {};
    if (pulumi?.refresh !== 'onDriftSchedule' || applied === undefined || drift.mode === 'ignore')
      return Promise.resolve(undefined);
    const known = this.#refreshedMs.get(stackKey(context.stack)) ?? 0;
    const last = Math.max(Date.parse(refreshed ?? applied.time), Date.parse(applied.time), known);
    const leftMs = last + parseDuration(pulumi.refreshInterval) - this.#options.clock.now();
    if (leftMs > 0) return Promise.resolve(leftMs);
    if (!this.#options.hasRevision(stack)) return Promise.resolve(undefined);
    // One that only looks leaves the state as it is: what drifted stays known as drift.
    const putsBack = drift.mode === 'correct' && !pulumi.expectNoRefreshChanges;
    this.#run('refresh', context, putsBack ? update : { operation: 'refresh' });
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
    const isUpdate = run.content === update.operation;
    if (ended !== undefined && isUpdate) enter(ended, context, { records: false });
    this.#options.runs.take(key);
    if (run.purpose === 'correct') {
      const healed = failed === undefined && context.of.spec.drift.mode === 'correct';
      return { ...begun, healed, failed, refreshed: false, status };
    }
    this.#refreshedMs.set(key, this.#options.clock.now());
    const isFinding = failed?.reason === 'ChangesUnexpected';
    return {
      keys: [],
      fields: ended === undefined ? [] : fieldsOf(ended, isUpdate),
      healed: failed === undefined && isUpdate,
      failed: isFinding ? undefined : failed,
      refreshed: true,
      status,
    };
  }

  forget(stack: string): void {
    this.#begun.delete(stack);
    this.#refreshedMs.delete(stack);
  }

  #run(
    purpose: 'correct' | 'refresh',
    context: EngineContext,
    how: Pick<OperationRequest, 'operation' | 'refresh' | 'heal' | 'targets'>,
  ): void {
    const { runs, withApplied, inputsOf, accountOf } = this.#options;
    const { of: stack } = context;
    runs.begin(stackKey(context.stack), {
      purpose,
      content: how.operation,
      memoryMiB: reservedMiB(stack),
      work: (telling) =>
        withApplied(stack, telling.signal, async (revision) => {
          const inputs = await inputsOf(stack);
          if (inputs.missing !== undefined) throw inputs.missing;
          const request = { ...how, stack, revision, inputs, account: accountOf(stack) };
          return runOf(this.#options, request, { ...context, ...telling });
        }),
    });
  }
}

function outcomeOf({ end }: Run<Result>): { readonly ended: Result | undefined; readonly failed: Failure | undefined } {
  if (end === undefined) return { ended: undefined, failed: undefined };
  return 'value' in end ? { ended: end.value, failed: end.value.failed } : { ended: undefined, failed: end.failed };
}

/** What Git says beside what was found. */
function fieldsOf({ report, before, after }: Ended, isUpdate: boolean): DriftedField[] {
  const nameOf = namesOf(before, after);
  const manager = 'unknown';
  return report.steps.flatMap(({ urn, operation, fields }): DriftedField[] => {
    const object = nameOf(urn) as ObjectKey;
    // An update tells what it does, one that only looks what it finds.
    if (operation === (isUpdate ? 'create' : 'delete'))
      return [{ object, field: '', from: 'present', to: 'deleted', manager }];
    if (operation !== 'update' && operation !== 'replace') return [];
    return fields.map(({ path, ...sides }) => {
      const [from, to] = isUpdate ? [sides.to, sides.from] : [sides.from, sides.to];
      return { object, field: path, from: showValue(from), to: showValue(to), manager };
    });
  });
}
